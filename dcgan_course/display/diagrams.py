"""Networks drawn as blocks, without Graphviz."""

import math

from dcgan_course.display.palette import CYCLE, GRAY


def show_network(network, title):
    """Draw a network as blocks, from its input to its output, without Graphviz.

    A block's height shows the side of the feature map and its width the number of channels,
    both on a logarithmic scale. The shape is written below the block, the layer that produced
    it above. Layers that keep the shape (batch norm, activations, dropout) are listed with the
    layer before them, unless they have a kernel.

    Args:
        network: a built `keras.Sequential`.
        title: what the figure shows.
    """
    import matplotlib.pyplot as plt

    blocks = [(tuple(network.input_shape[1:]), ["input"])]
    for layer in network.layers:
        shape, name = tuple(layer.output.shape[1:]), _short_name(layer)
        if shape == blocks[-1][0] and getattr(layer, "kernel", None) is None:
            blocks[-1][1].append(name)
        else:
            blocks.append((shape, [name]))

    figure, axes = plt.subplots(figsize=(10, 3.6), layout="constrained")
    x = 0.0
    for index, (shape, names) in enumerate(blocks):
        side, channels = (shape[0], shape[2]) if len(shape) == 3 else (1, shape[0])
        height = 0.35 + 0.32 * math.log2(side) if len(shape) == 3 else 0.35
        width = 0.25 + 0.09 * math.log2(channels)
        face = CYCLE[index % len(CYCLE)]
        axes.add_patch(plt.Rectangle((x, -height / 2), width, height, facecolor=face, alpha=0.55))
        axes.text(x + width / 2, 1.15, "\n".join(names), ha="center", va="bottom", fontsize=8)
        axes.text(
            x + width / 2, -1.15, "×".join(map(str, shape)), ha="center", va="top", fontsize=9
        )
        if index < len(blocks) - 1:
            axes.annotate(
                "",
                (x + width + 0.62, 0),
                (x + width + 0.05, 0),
                arrowprops={"arrowstyle": "->", "color": GRAY},
            )
        x += width + 0.7
    axes.set_xlim(-0.4, x)
    axes.set_ylim(-1.6, 2.3)
    axes.set_title(title)
    axes.axis("off")
    plt.show()


def _short_name(layer):
    """A layer's name with the numbers that matter, short enough to fit above a block."""
    kind = type(layer).__name__
    if kind in ("Conv2D", "Conv2DTranspose"):
        kernel, stride = layer.kernel_size[0], layer.strides[0]
        return f"{kind}\n{kernel}×{kernel}, stride {stride}"
    if kind == "Activation":
        return layer.activation.__name__
    return {"BatchNormalization": "batch norm"}.get(kind, kind)
