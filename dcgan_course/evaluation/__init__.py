"""How good, and how varied, generated images are.

It offers distances between two sets of features and shares of plausible and reached samples
(`metrics`), measures on pixels such as copies and grids (`pixels`), and the small networks whose
features are compared (`features`; their weights are in `weights/`). It imports from `networks`,
`data` and `dcgan_course.files`.
"""
