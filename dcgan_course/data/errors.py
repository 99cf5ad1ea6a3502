"""The error that all modules of this room raise."""


class DataError(ValueError):
    """A data file is damaged or not what it should be. The message names the file."""
