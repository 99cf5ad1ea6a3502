"""A doctor for GANs: numbers that are taken during training, and rules that read them.

`examiner` takes the numbers, from the networks (`probe`), their weights (`weights`), their samples
(`samples`) and the training step itself (`witness`). `measures` sums rows up, `rules` names what
is wrong, `report` says it in text and plots, `nonfinite` finds where NaN comes from, and `doctor`
does it all as a Keras callback. The room imports from `evaluation`, `networks`, `training` and the
rooms below, but not from `latent`.
"""
