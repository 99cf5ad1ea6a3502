"""What a reader sees: grids of images, GIFs, plots, network diagrams, and players for frames.

This room may import from `data`, `networks` and the modules below all rooms. It offers sample
sheets and GIFs (`images`), the plots that lessons share (`figures`), drawings of networks and of a
GAN's training step (`diagrams`, `gan_diagram`), and a player for frames (`animations`).
"""
