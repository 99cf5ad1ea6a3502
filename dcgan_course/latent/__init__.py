"""The latent space of a trained generator: directions, walks, sliders, generators that ship.

It offers `space.LatentSpace`, the panel of sliders (`explorer`), and the generators that come with
the course or that a lesson has left behind (`pretrained`; their weights are in `trained/`). It
imports from all rooms below `training`, and from `training` itself, but not from `diagnosis`.
"""
