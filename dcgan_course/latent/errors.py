"""What goes wrong with a generator, a file that should hold one, or a code."""


class LatentError(ValueError):
    """A generator or a code that cannot be used. The message says what to give instead."""
