"""The colors of the course's figures, which color-blind readers can tell apart as well.

Blue, vermilion, green and wine come from Okabe and Ito's palette and Paul Tol's; vermilion is
darker here, so that text in it can be read. All have a contrast of at least 3:1 on white, as WCAG
2.2 asks of graphics (1.4.11), and lines differ in their style as well.
"""

BLUE, ORANGE, GREEN, WINE, BLACK = "#0072b2", "#c75000", "#009e73", "#882255", "#222222"
GRAY = "#6e7479"  # for what matters less
REAL, FAKE, CRITIC = BLUE, ORANGE, GREEN  # real data, what G makes, what D says
CYCLE = (BLUE, ORANGE, GREEN, WINE, BLACK)
LINES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))


def use_palette():
    """Let matplotlib take these colors and line styles, one after another, in all figures."""
    import matplotlib
    from cycler import cycler

    styles = cycler(color=CYCLE) + cycler(linestyle=LINES)
    matplotlib.rcParams["axes.prop_cycle"] = styles
