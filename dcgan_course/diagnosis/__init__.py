"""The Doctor: numbers that are measured during training, and rules that interpret them.

This room may import from every room below it, `training` included, but not from `latent`. It
offers the Keras callback (`doctor`); the measurements (`examiner`) of networks (`probe`), weights
(`weights`), samples (`samples`) and of the training step itself (`witness`); the rules with their
thresholds and advice (`rules`), what they compute (`causes`, `balance`, `rows`), and their
verdict (`judge`); the report; and a search for the origin of NaN (`nonfinite`).
"""
