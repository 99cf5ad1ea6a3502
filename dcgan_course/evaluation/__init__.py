"""Measures of how realistic, how varied and how new generated images are.

This room may import from `data`, `networks` and the modules below all rooms. It offers distances,
precision and recall between two sets of features (`metrics`), measures on pixels such as copies and
checkerboards (`pixels`), and the small networks that compute the features (`features`; their
weights are in `weights/`).
"""
