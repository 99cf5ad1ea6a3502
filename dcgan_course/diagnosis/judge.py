"""Reading an examiner's rows by the rules: what is wrong, and whether a run is lost."""

import math
from dataclasses import dataclass

from dcgan_course.diagnosis.rows import GROWN, age, is_improving
from dcgan_course.diagnosis.rules import CHECKS_NEEDED, HOPELESS, RULES, SYMPTOM

NOT_FINITE = (
    "The numbers have run away: NaN or infinite values",
    "smaller learning rates (a tenth), logits instead of probabilities in the losses, and a "
    "look at the data for NaN.",
)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        name: a short one, for programs.
        title: what it is, in words.
        sure: False means "not sure".
        evidence: the numbers that say so.
        advice: what to try, the first thing first.
    """

    name: str
    title: str
    sure: bool
    evidence: str
    advice: str

    def __str__(self):
        doubt = "" if self.sure else "Not sure: "
        return f"{doubt}{self.title}. {self.evidence} Try: {self.advice}"


def diagnose(rows):
    """Say what is wrong with a run, causes first; an empty list where nothing stands out.

    Args:
        rows: of an `Examiner`.

    Returns:
        A list of `Finding`, the sure ones first. The set-up is judged from the third check on,
        the rest from the sixth, and symptoms when the weights have moved far enough.
    """
    if not rows:
        return []
    broken = next((row for row in rows if not _is_finite(row)), None)
    if broken is not None:
        names = ", ".join(name for name, value in broken.items() if not math.isfinite(value))
        evidence = f"At step {broken['step']} these were no numbers any more: {names}."
        return [Finding("not_finite", NOT_FINITE[0], True, evidence, NOT_FINITE[1])]
    improving = is_improving(rows)
    found, explained, level = [], set(), SYMPTOM
    for rule in RULES:
        said = _apply(rule, rows, improving)
        if said is not None:
            found.append((rule, said))
            if said.sure:
                explained |= set(rule.explains)
                level = min(level, rule.level)
    kept = [
        said
        for rule, said in found
        if rule.name not in explained
        and (rule.level <= level or (rule.level < SYMPTOM and not said.sure))
    ]
    return sorted(kept, key=lambda finding: not finding.sure)


def _apply(rule, rows, improving):
    if len(rows) < CHECKS_NEEDED[rule.level]:
        return None
    if age(rows) < rule.age:
        return None
    measured = rule.measure(rows)
    if measured is None or not measured[0] >= rule.maybe:
        return None
    # What was not there at the checks before may pass; symptoms come and go more than causes.
    earlier = (rule.measure(rows[:-back]) for back in range(1, 3 if rule.level == SYMPTOM else 2))
    lasts = all(each is not None and each[0] >= rule.sure for each in earlier)
    fading = improving and (rule.fades or rule.level == SYMPTOM)
    sure = measured[0] >= rule.sure and lasts and not fading
    return Finding(rule.name, rule.title, sure, measured[1], rule.advice)


def is_too_early(rows):
    """Whether there are too few checks, or too little movement, to say that all is well."""
    return len(rows) < CHECKS_NEEDED[SYMPTOM] or age(rows) < GROWN


def is_lost(findings):
    """Return the first finding that is sure and hopeless, or None."""
    return next((each for each in findings if each.sure and each.name in HOPELESS), None)


def looks_lost(rows):
    """Whether the last row by itself, taken for a whole run, would be hopeless."""
    if not _is_finite(rows[-1]):
        return True
    alone = [rows[-1]] * CHECKS_NEEDED[SYMPTOM]
    return is_lost([said for rule in RULES if (said := _apply(rule, alone, False))]) is not None


def _is_finite(row):
    names = ("d_loss", "g_loss", "low_fake", "low_real", "g_gradient")
    return all(math.isfinite(row.get(name, 0.0)) for name in names)
