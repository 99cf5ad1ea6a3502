"""Training: the GAN as a `keras.Model`, its variants, and everything that a run needs.

This room may import from `data`, `networks`, `display`, `evaluation` and the modules below all
rooms. It offers `DCGAN` (`gan`, to be read beside lesson 02) and its variants (`combined`,
`faces`), the lessons' settings by name (`recipes`), lesson 01's small GANs (`toys`, `games`),
and what surrounds a run: checking networks, optimizers and data, resuming, monitoring,
tracking, several machines.
"""
