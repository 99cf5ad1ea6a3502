"""The results of the quality benchmark as text, as tables of the lessons, and as a figure."""

from pathlib import Path

from scoring import RESULTS, line, read


def table():
    """What the results say."""
    for file in (RESULTS / "curves.csv", RESULTS / "ablation.csv", RESULTS / "frogs.csv"):
        for row in read(file):
            print(line(row))
        print()
    rows = read(RESULTS / "curves.csv")
    original = [row for row in rows if row["recipe"] == "03 original"]
    if original:
        goal = float(original[-1]["frechet"])
        for row in rows:
            if row["recipe"] == "03 laptop" and float(row["frechet"]) <= goal:
                ratio = float(original[-1]["seconds"]) / float(row["seconds"])
                print(
                    f"What the MNIST tutorial reaches in {original[-1]['seconds']} s (Fréchet "
                    f"{goal:.1f}), the laptop recipe reaches in at most {row['seconds']} s: "
                    f"{ratio:.0f} times sooner."
                )
                break
    draw(rows)


def ablation_markdown(name="ablation"):
    """An ablation as its lesson shows it: "ablation" in lesson 08, "frogs" in lesson 04."""
    rows = read(RESULTS / f"{name}.csv")
    columns = {"Fréchet": "frechet", "precision": "precision", "recall": "recall", "grid": "grid"}
    columns = {head: key for head, key in columns.items() if rows and rows[0][key]}
    lines = [
        f"| what is changed | steps | {' | '.join(columns)} |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for row in rows:
        numbers = " | ".join(f"{float(row[key]):.2f}" for key in columns.values())
        lines.append(f"| {row['recipe']} | {int(row['steps']):,} | {numbers} |")
    return "\n".join(lines)


def curves_markdown(times=(15, 45, 60, 120, 300, 600, 1200, 1500)):
    """The curves as the website shows them: Fréchet distances after growing times."""
    heads = [f"{t} s" if t < 60 else f"{t // 60} min" for t in times]
    lines = [
        f"| recipe | {' | '.join(heads)} | precision, recall at the end |",
        "|---" * (len(times) + 2) + "|",
    ]
    names = {
        "02": "Lesson 02, Fashion-MNIST",
        "03": "Lesson 03, MNIST",
        "04": "Lesson 04, frogs",
        "10": "Lesson 10, by class",
    }
    rows = read(RESULTS / "curves.csv")
    for name in sorted({row["recipe"] for row in rows}, key=lambda n: (n[:2], "original" in n, n)):
        mine = {float(row["seconds"]): row for row in rows if row["recipe"] == name}
        cells = []
        for t in times:  # a row may end a few steps late
            nearest = min(mine, key=lambda seconds: abs(seconds - t))
            near = abs(nearest - t) <= max(5, 0.1 * t)
            cells.append(f"{float(mine[nearest]['frechet']):.1f}" if near else "")
        last = mine[max(mine)]
        ends = f"{float(last['precision']):.2f}, {float(last['recall']):.2f}"
        lines.append(f"| {names[name[:2]]}: {name[3:]} | {' | '.join(cells)} | {ends} |")
    return "\n".join(lines)


def draw(rows):
    """The curves as docs/quality.png."""
    from dcgan_course.display.animations import new_figure

    if not rows:
        return
    figure = new_figure((9, 3.4), dpi=100)
    titles = {"02": "Fashion-MNIST", "03": "MNIST", "04": "frogs"}
    panels = figure.subplots(1, 3)
    for axes, (lesson, title) in zip(panels, titles.items(), strict=True):
        for kind in ("laptop", "original"):
            mine = [row for row in rows if row["recipe"] == f"{lesson} {kind}"]
            x = [float(row["seconds"]) / 60 for row in mine]
            axes.loglog(x, [float(row["frechet"]) for row in mine], ".-", label=kind)
        axes.set(title=title, xlabel="minutes of training")
        axes.grid(alpha=0.3, which="both")
    panels[0].set_ylabel("Fréchet distance (lower is better)")
    panels[0].legend()
    path = Path(__file__).parents[1] / "docs" / "quality.png"
    figure.savefig(path)
    print(f"Drawn: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
