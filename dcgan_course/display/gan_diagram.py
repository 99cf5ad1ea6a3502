"""The diagram of a GAN, and that of one training step, drawn with matplotlib alone."""

import numpy as np

from dcgan_course.display.palette import FAKE, GRAY, ORANGE, REAL

_MOVES, _STAYS = ORANGE, GRAY
_WIDE, _HIGH = (0, 14), (0.2, 5)  # of the drawing, in its own units
_REAL, _FAKE = REAL, FAKE
_D_LOSS = r"$-\log\sigma(D(x)) - \log(1 - \sigma(D(G(z))))$"
_G_LOSS = r"$-\log\sigma(D(G(z)))$"
_LOSSES_WITH_LABEL = (
    r"$-\log\sigma(D(x, y)) - \log(1 - \sigma(D(G(z, y), y)))$",
    r"$-\log\sigma(D(G(z, y), y))$",
)


def show_gan(
    title="A GAN: G turns random numbers into images, D says how real they look",
    *,
    label=None,
    **images,
):
    """Draw a whole GAN: z → G → fake ↘ D ← real, with both losses.

    Args:
        title: what to see.
        label: the class that a conditional GAN is asked for, as text; None for a GAN without.
        images: `real` and `fake`, each a float array (height, width, channels) in [−1, 1] to
            show as an example. By default, a drawn digit and a blurred one.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 3.9), layout="constrained")
    _draw(axes, moving="DG", label=label, **_examples(**images))
    axes.set_title(title)
    plt.show()


def show_training_step(
    title="One training step: D is updated on real images and fakes, G through D", **images
):
    """Draw the two updates of a training step, one below the other, with the weights that move.

    In D's update the gradient stops at the fakes. In G's update it flows back through D, whose
    weights stay as they are.

    Args:
        title: what to see.
        images: as for `show_gan`.
    """
    import matplotlib.pyplot as plt

    images = _examples(**images)
    figure, panels = plt.subplots(2, 1, figsize=(9, 7), layout="constrained")
    figure.suptitle(title)
    for axes, moving, note in zip(
        panels,
        "DG",
        (
            "D's update: the gradient (dashed) reaches D's weights and stops there",
            "G's update: the gradient flows back through D, which stays as it is, into G",
        ),
        strict=True,
    ):
        _draw(axes, moving=moving, **images)
        axes.set_title(note, fontsize=11)
    plt.show()


def _examples(real=None, fake=None):
    """Example images for both ends of the diagram."""
    if real is None:
        from dcgan_course.data.drawn.digits import draw_digits  # draws only where it is needed

        real = draw_digits(8, seed=3)[0][7] / 127.5 - 1
    real = np.asarray(real, dtype="float32")
    real = real[..., None] if real.ndim == 2 else real
    if fake is None:
        fake = sum(np.roll(real, (i, j), (0, 1)) for i in (-2, 0, 2) for j in (-2, 0, 2)) / 9
    return {"real": real, "fake": np.asarray(fake, dtype="float32")}


def _draw(axes, moving, real, fake, label=None):
    """Draw the diagram; `moving` names the networks whose weights move: "D", "G" or "DG"."""
    d_loss, g_loss = (_D_LOSS, _G_LOSS) if label is None else _LOSSES_WITH_LABEL
    axes.set(xlim=_WIDE, ylim=_HIGH, aspect="equal")
    axes.axis("off")
    colors = {name: _MOVES if name in moving else _STAYS for name in "GD"}
    learns = "D" in moving  # only then does D see real images

    shades = np.random.default_rng(1).uniform(0.1, 0.95, 7)
    for index, shade in enumerate(shades):
        axes.add_patch(_box(0.7, 2.75 + 0.22 * index, 0.45, 0.22, str(shade), edge="black"))
    _label(axes, 0.92, 2.55, "latent vector $z$\nfrom N(0, 1)")
    _network(axes, 2.2, 3.5, (0.45, 1.25), "G", "generator", colors["G"], "G" in moving)
    _image(axes, 5.1, 2.8, fake, _FAKE)
    _label(
        axes,
        5.8,
        4.3,
        "fake $G(z)$" if label is None else "fake $G(z, y)$",
        va="bottom",
        color=_FAKE,
    )
    _image(axes, 5.1, 0.45, real, _REAL, alpha=1 if learns else 0.2)
    note = "real image $x$\nfrom the data set" if learns else "no real images\nin this update"
    _label(axes, 4.95, 1.15, note, ha="right", va="center", color=_REAL)
    _network(axes, 7.7, 2.5, (1.25, 0.45), "D", "discriminator", colors["D"], learns)
    question = "how real\ndoes it look?" if label is None else "is it real,\nand a $y$?"
    question = f"logit: {question}"
    _label(axes, 10.25, 2.5, question, ha="left", va="center")

    forward = [((1.2, 3.5), (2.15, 3.5)), ((4.25, 3.5), (5.05, 3.5)), ((6.55, 3.5), (7.65, 2.8))]
    forward.append(((9.75, 2.5), (10.2, 2.5)))
    if learns:
        forward.append(((6.55, 1.15), (7.65, 2.0)))
        _label(axes, 10.25, 1.05, "D minimizes\n" + d_loss, ha="left", va="center", size=9)
        _gradient(axes, (10.15, 1.3), (9.3, 1.95))
    if "G" in moving:
        _label(axes, 10.25, 4.0, "G minimizes\n" + g_loss, ha="left", va="center", size=9)
        for start, end in (
            ((10.15, 3.8), (9.3, 3.05)),
            ((7.65, 3.3), (6.6, 3.95)),
            ((5.05, 3.9), (4.25, 3.9)),
        ):
            _gradient(axes, start, end)
    if label is not None:
        _label_box(axes, 0.45, 1.2, label)
        _label_box(axes, 6.7, 0.3, label)
        forward += [((1.6, 1.6), (2.4, 2.75)), ((7.3, 0.75), (7.7, 1.45))]
    for start, end in forward:
        _arrow(axes, start, end)


def _network(axes, x, y, halves, name, word, color, moves):
    """Draw a trapezoid: half as high as `halves` say, at the input and at the output."""
    import matplotlib.pyplot as plt

    (left, right), width = halves, 2.0
    corners = [(x, y - left), (x + width, y - right), (x + width, y + right), (x, y + left)]
    axes.add_patch(plt.Polygon(corners, facecolor=color, alpha=0.35, edgecolor=color, lw=2))
    axes.text(x + width / 2, y + 0.08, name, ha="center", va="bottom", fontsize=16)
    axes.text(x + width / 2, y + 0.02, word, ha="center", va="top", fontsize=9)
    note = "weights move" if moves else "weights stay"
    below = y - max(left, right) - 0.08
    axes.text(x + width / 2, below, note, ha="center", va="top", fontsize=9, color="black")


def _image(axes, x, y, image, color, alpha=1.0):
    """Draw an example image in a colored frame."""
    side = 1.4
    axes.imshow(
        np.squeeze((image + 1) / 2).clip(0, 1),
        cmap="gray",
        vmin=0,
        vmax=1,
        extent=(x, x + side, y, y + side),
        interpolation="bicubic",
        alpha=alpha,
        zorder=2,
    )
    axes.add_patch(_box(x, y, side, side, "none", edge=color, lw=2))
    axes.set(xlim=_WIDE, ylim=_HIGH)  # imshow has narrowed them


def _label_box(axes, x, y, label):
    """Draw the label as a node of its own."""
    axes.add_patch(_box(x, y, 1.1, 0.4, "white", edge="black", lw=1.2))
    axes.text(x + 0.55, y + 0.2, f"$y$ = {label}", ha="center", va="center", zorder=4)


def _box(x, y, width, height, face, edge, lw=0.6):
    import matplotlib.pyplot as plt

    return plt.Rectangle((x, y), width, height, facecolor=face, edgecolor=edge, lw=lw, zorder=3)


def _label(axes, x, y, text, ha="center", va="top", color="black", size=10):
    axes.text(x, y, text, ha=ha, va=va, color=color, fontsize=size)


def _arrow(axes, start, end):
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "black", "lw": 1.4})


def _gradient(axes, start, end):
    """Draw a dashed arrow, from a loss back to the weights that it moves."""
    style = {"arrowstyle": "-|>", "color": _MOVES, "lw": 1.8, "linestyle": (0, (3, 2))}
    axes.annotate("", end, start, arrowprops=style)
