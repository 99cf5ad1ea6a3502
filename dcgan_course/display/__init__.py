"""Everything that is looked at: grids and GIFs, curves, diagrams, players.

It offers sample sheets and GIFs (`images`), the figures that lessons share (`figures`), drawings
of networks (`diagrams`), and a player for frames with convolutions step by step (`animations`).
It imports from `data`, `networks` and `dcgan_course.files`.
"""
