"""What the doctor says: text, plots, and the rows that it has written."""

from dcgan_course.diagnosis.judge import diagnose, is_too_early
from dcgan_course.display.palette import CYCLE, GRAY, LINES


def report(rows, findings=None):
    """Say in a text what the rows mean: the findings, worst first, or that nothing stands out.

    Args:
        rows: of an `Examiner`.
        findings: what `diagnose` made of them; None asks it.
    """
    findings = diagnose(rows) if findings is None else findings
    if not rows:
        return "Too early to say: there has been no check yet."
    checks = f"{len(rows)} checks, up to step {rows[-1]['step']}"
    if not findings:
        if is_too_early(rows):
            return f"Too early to say; nothing stands out so far ({checks})."
        return f"Nothing stands out ({checks})."
    return "\n".join([f"{checks}:", *(f"- {finding}" for finding in findings)])


def draw_report(rows, title="What the doctor saw"):
    """The numbers behind a report, as four plots.

    Args:
        rows: of an `Examiner`.
        title: says what to see.

    Returns:
        A matplotlib figure.
    """
    # Only here, so that a training without plots does not wait for matplotlib.
    import matplotlib.pyplot as plt

    steps = [row["step"] for row in rows]

    def curve(axes, label, value):
        points = [(step, value(row)) for step, row in zip(steps, rows, strict=True)]
        points = [(step, y) for step, y in points if y is not None]
        style = {"color": CYCLE[len(axes.lines)], "linestyle": LINES[len(axes.lines)]}
        axes.plot(*zip(*points, strict=True), label=label, **style) if points else None

    figure, places = plt.subplots(1, 4, figsize=(11, 2.4), layout="constrained")
    figure.suptitle(title, fontsize=11)
    curve(places[0], "D's", lambda row: row["d_loss"])
    curve(places[0], "G's", lambda row: row["g_loss"])
    places[0].set_ylabel("loss")
    curve(places[1], "D(x)", lambda row: row["d_real"])
    curve(places[1], "D(G(z))", lambda row: row["d_fake"])
    places[1].set_ylim(0, 1)
    places[1].axhline(0.5, color=GRAY, linewidth=0.5)
    places[1].set_ylabel("probability of “real”")
    curve(places[2], "G's gradient", lambda row: row["g_gradient"] or None)
    places[2].set_yscale("log")
    places[2].set_ylabel("norm")
    curve(places[3], "variety", lambda row: _ratio(row, "spread"))
    curve(places[3], "nearest neighbor", lambda row: _ratio(row, "twins"))
    places[3].set_ylim(0, 1.5)
    places[3].axhline(1, color=GRAY, linewidth=0.5)
    places[3].set_ylabel("fakes against real")
    for axes in places:
        axes.set_xlabel("step")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=7)
    return figure


def _ratio(row, name):
    fake, real = row.get(f"{name}_fake"), row.get(f"{name}_real")
    return fake / real if fake is not None and real else None
