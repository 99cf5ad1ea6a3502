"""Training: the GAN as a `keras.Model`, its variants, and all that surrounds a run.

`gan` holds the training step and reads beside lesson 02; `combined` and `faces` are its variants,
`recipes` the lessons' settings by name, `toys` and `games` lesson 01's small GANs. What a GAN is
given is checked by `pair` (networks), `optimizers`, `inputs` (data, codes) and `refusals` (what
Keras offers and a GAN does not). Around a run are `session`, `resume`, `monitor`, `tracking`,
`distributed` and `cluster`. This room imports from `data`, `networks`, `display`, `evaluation`,
`dcgan_course.checks` and `dcgan_course.files`.
"""
