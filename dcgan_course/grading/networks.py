"""What a network computes between its layers, judged by numbers alone.

A network is a `student.Network`: its linear operations are known in order, and another output
can be put in the place of any of them.
"""

import numpy as np
from scipy.stats import chi2

from .numbers import fresh

CHANCE = 1e-8  # how often a check of drawn numbers may fail a right answer


def slopes_below_zero(network, x):
    """For each hidden activation f the range of f(−t) / f(t) over t > 0.

    ReLU gives 0, LeakyReLU minus its slope, no activation −1; tanh and ELU a range.

    Returns:
        A list of pairs (lowest, highest), one for each linear operation but the last.
    """
    found = []
    for index, step in enumerate(network.trace(x)[:-1]):
        # One number for each image and channel: a pooling or an interpolation keeps it.
        whole = step["output"]
        drawn = (whole[0], *[1] * (len(whole) - 2), whole[-1] if len(whole) > 2 else 1)
        t = np.broadcast_to(fresh().uniform(0.5, 3, drawn), whole).astype("float32")
        up, down = (np.asarray(network.between(x, index, sign * t), float) for sign in (1, -1))
        sure = up > 1e-6
        ratios = down[sure] / up[sure] if sure.any() else np.array([np.nan])
        found.append((float(ratios.min()), float(ratios.max())))
    return found


def normalized_by(network, x, index):
    """What normalizes a linear operation's output in training mode: "batch", "image" or "".

    Batch norm makes what follows independent of the scale of a channel, and dependent on that
    of the other images.
    """
    shape = network.trace(x, True)[index]["output"]
    rng = fresh()
    base = rng.normal(0, 2, shape).astype("float32")
    channels = rng.uniform(3, 30, shape[-1] if len(shape) == 4 else 1)
    images = rng.uniform(0.2, 5, shape[0]).reshape([-1] + [1] * (len(shape) - 1))
    plain, by_channel, by_image = (
        np.asarray(network.between(x, index, (base * scale).astype("float32"), True), float)
        for scale in (1.0, channels, images)
    )

    def changed(other):
        there = (plain != 0) & (other != 0)  # a dropout leaves out others in each run
        limit = 0.1 * np.abs(plain).max()
        return not there.any() or np.abs(plain - other)[there].max() > limit

    if changed(by_channel):
        return ""
    return "batch" if changed(by_image) else "image"


def end_of(network, x, training):
    """Last linear operation's output, drawn, and what the network makes of it."""
    steps = network.trace(x, training)
    values = fresh().normal(0, 1.5, steps[-1]["output"]).astype("float32")
    return values, np.asarray(network.between(x, len(steps) - 1, values, training), float)


def end_depends_on_batch(network, x):
    """Whether, in training mode, an output depends on the other examples after the last layer."""
    steps = network.trace(x, True)
    values = fresh().normal(0, 1, steps[-1]["output"]).astype("float32")
    others = values.copy()
    others[1:] = 3 * others[1:] + 1
    first, second = (
        np.asarray(network.between(x, len(steps) - 1, v, True), float)[0] for v in (values, others)
    )
    return bool(np.abs(first - second).max() > 0.05)


def first_input_scale(network, x):
    """The factor by which the first layer sees the contrast of a batch (training mode)."""
    seen = np.asarray(network.between(x, -1, None, True), float)
    if seen.ndim == 4 and seen.shape[1] > x.shape[1]:  # a border of zeros
        top, left = ((seen.shape[axis] - x.shape[axis]) // 2 for axis in (1, 2))
        seen = seen[:, top : top + x.shape[1], left : left + x.shape[2]]
    if seen.size != x.size:
        return float(seen.std() / x.std())
    a, b = x.reshape(-1).astype(float), seen.reshape(-1)
    return float(np.polyfit(a, b, 1)[0])


def sides(step, which):
    """(rows, columns) of an operation's data or output; None where it has none."""
    return tuple(step[which][1:3]) if len(step[which]) == 4 else None


def halvings(network, x, smallest=4):
    """What is wrong with the way in which maps become smaller; "" if nothing is."""
    steps, before = network.trace(x), tuple(x.shape[1:3])
    for step in steps[:-1] if len(steps[-1]["data"]) != 4 else steps:
        data, output = sides(step, "data"), sides(step, "output")
        if data is None or output is None:
            return "a dense layer stands between convolutions"
        if data[0] < before[0]:
            return f"maps of {before[0]} rows become {data[0]} without a convolution: a pooling?"
        if output == (1, 1) and before == (smallest, smallest):
            return ""  # a convolution over the whole map is a dense layer
        if output not in (before, (before[0] // 2, before[1] // 2)):
            return f"a convolution turns maps of {before[0]} rows into {output[0]}"
        before = output
        last = step
    if before != (smallest, smallest):
        return f"the last maps have {before[0]} rows instead of {smallest}"
    if steps[-1]["data"][-1] != smallest * smallest * last["output"][-1]:
        return "the dense layer does not get the whole of the last maps: a pooling?"
    return ""


def doublings_missing(network, z, size, smallest=4):
    """What is wrong with the way in which maps grow; "" if nothing is."""
    steps, before, reached = network.trace(z), None, set()
    for index, step in enumerate(steps):
        data, output = sides(step, "data"), sides(step, "output")
        if before and data and 2 * data[0] <= before[0]:
            return f"maps of {before[0]} rows become {data[0]}: a pooling?"
        if index == 1 and before is None and data:
            per_image = int(np.prod(steps[0]["output"][1:]))
            if per_image != smallest * smallest * step["data"][-1]:
                return f"the dense layer does not make maps of {smallest} × {smallest}"
        if output:
            reached.add(output[0])
        before = output
    wanted = 2 * smallest
    while wanted <= size:
        if wanted not in reached:
            return f"no layer works on maps of {wanted} × {wanted}"
        wanted *= 2
    return ""


def uneven(network, z):
    """Transposed convolutions that cover some pixels more often than others: (kernel, stride)."""
    return [
        (step["kernel"][axis], step["strides"][axis])
        for step in network.trace(z)
        if step["op"] == "conv2d_backprop_input"
        for axis in (0, 1)
        if step["kernel"][axis] % step["strides"][axis]
    ]


def not_normal(kernels, std):
    """Why kernels can hardly have been drawn from N(0, std); "" if they can.

    A right answer fails less often than once in a million draws, however small its kernels.
    A standard deviation within 15% passes: truncated normal numbers have 12% less.
    """
    every = [np.asarray(k, float).reshape(-1) for k in kernels]
    for values in [*every, np.concatenate(every)]:
        count, mean = values.size, float(values.mean())
        if abs(mean) > max(0.05 * std, 6 * std / count**0.5):
            return f"their mean is {mean:.3g}"
        total = float((values**2).sum()) / std**2
        tail = min(chi2.sf(total, count), chi2.cdf(total, count))
        if tail < CHANCE and abs((total / count) ** 0.5 - 1) > 0.15:
            return f"their standard deviation is {(total / count) ** 0.5 * std:.3g}"
    if values.size > 2000:
        away = values - values.mean()
        if float((away**4).mean()) / float((away**2).mean()) ** 2 < 2.1:
            return "they are spread evenly, and not as a normal distribution is"
    return ""
