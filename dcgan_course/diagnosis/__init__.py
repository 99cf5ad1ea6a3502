"""A doctor for GANs: numbers that are taken during training, and rules that read them.

`examiner` takes the numbers, `rules` names what is wrong, `report` says it in text and plots,
`nonfinite` finds where NaN comes from, and `doctor` does it all as a Keras callback. It imports
from `evaluation`, `networks`, `training` and the rooms below, but not from `latent`.
"""
