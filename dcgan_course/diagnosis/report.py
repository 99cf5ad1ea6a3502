"""What the doctor says: text, plots, and the rows that it has written."""

from dcgan_course.diagnosis.rules import LOOKS_NEEDED, STEPS_NEEDED, diagnose, too_early


def report(rows, findings=None):
    """What the rows say, as text: the findings, worst first, or that nothing stands out.

    Args:
        rows: of an `Examiner`.
        findings: what `diagnose` made of them; None asks it.
    """
    findings = diagnose(rows) if findings is None else findings
    looks = f"{len(rows)} looks, up to step {rows[-1]['step']}"
    if not findings:
        if too_early(rows):
            return f"Too early to say ({looks}; {LOOKS_NEEDED} and {STEPS_NEEDED} are needed)."
        return f"Nothing stands out ({looks})."
    return "\n".join([f"{looks}:", *(f"- {finding}" for finding in findings)])


def draw_report(rows, title="What the doctor saw"):
    """The numbers behind a report, as four plots.

    Args:
        rows: of an `Examiner`.
        title: says what to see.

    Returns:
        A matplotlib figure.
    """
    import matplotlib.pyplot as plt

    steps = [row["step"] for row in rows]

    def curve(axes, label, value):
        points = [(step, value(row)) for step, row in zip(steps, rows, strict=True)]
        points = [(step, y) for step, y in points if y is not None]
        axes.plot(*zip(*points, strict=True), label=label) if points else None

    figure, places = plt.subplots(1, 4, figsize=(11, 2.4), layout="constrained")
    figure.suptitle(title, fontsize=11)
    curve(places[0], "D's", lambda row: row["d_loss"])
    curve(places[0], "G's", lambda row: row["g_loss"])
    places[0].set_ylabel("loss")
    curve(places[1], "D(x)", lambda row: row["d_real"])
    curve(places[1], "D(G(z))", lambda row: row["d_fake"])
    places[1].set_ylim(0, 1)
    places[1].axhline(0.5, color="gray", linewidth=0.5)
    places[1].set_ylabel("probability of “real”")
    curve(places[2], "G's gradient", lambda row: row["g_gradient"] or None)
    places[2].set_yscale("log")
    places[2].set_ylabel("norm")
    curve(places[3], "spread", lambda row: row["spread_fake"] / row["spread_real"])
    curve(places[3], "nearest neighbour", lambda row: row["twins_fake"] / row["twins_real"])
    places[3].set_ylim(0, 1.5)
    places[3].axhline(1, color="gray", linewidth=0.5)
    places[3].set_ylabel("fakes against real")
    for axes in places:
        axes.set_xlabel("step")
        axes.legend(fontsize=7)
    return figure
