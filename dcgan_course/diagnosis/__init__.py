"""The Doctor: numbers that are measured during training, and rules that interpret them.

This room may import from every room below it, `training` included, but not from `latent`. It
offers the Keras callback (`doctor`), the measurements (`examiner`), the rules with their
thresholds and advice (`rules`), the report, and a search for the origin of NaN (`nonfinite`).
"""
