"""What a reader sees: grids of images, GIFs, plots, network diagrams, and players for frames.

This room may import from `data`, `networks` and the modules below all rooms. It offers sample
sheets and GIFs (`images`), the plots that lessons share (`figures`), networks drawn as blocks
(`diagrams`), and a player that also shows convolutions step by step (`animations`).
"""
