"""What the assignments' hidden tests stand on, and what keeps a class's grading going.

The tests judge behavior: what functions return, how far weights move, in which mode a network
is called. They run in the grader's process and ask a submission for values through `student`.
They draw their numbers from `fresh()`, whose seed students do not see. Nothing here looks at the
text or the names inside a submission.
"""

from .inside.wire import Tensor as tensor
from .numbers import (
    SEED,
    exact,
    fresh,
    hidden_runs,
    largest,
    lasting_seed,
    near,
    same_direction,
    start_anew,
)
from .student import StudentError, student

__all__ = [
    "SEED",
    "StudentError",
    "exact",
    "fresh",
    "hidden_runs",
    "largest",
    "lasting_seed",
    "near",
    "same_direction",
    "start_anew",
    "student",
    "tensor",
]
