"""Training: the GAN as a `keras.Model`, its variants, and all that surrounds a run.

`gan` holds the training step and reads beside lesson 02; `combined` and `faces` are its variants,
`recipes` the lessons' settings by name, `toys` and `games` lesson 01's small GANs. Around a run
are `inputs`, `resume`, `monitor`, `tracking`, `distributed` and `cluster`. This room imports from
`data`, `networks`, `display`, `evaluation` and `dcgan_course.files`.
"""
