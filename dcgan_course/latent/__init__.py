"""The latent space of a trained generator: directions, walks, sliders, pretrained generators.

This room may import from every room below it, `training` included, but not from `diagnosis`. It
offers `LatentSpace` (`space`), the explorer with its tabs (`explorer`, `sliders`, `classes`,
`pages`, `choice`), and the generators that ship with the course or that a lesson has saved
(`pretrained`, `light`).
"""
