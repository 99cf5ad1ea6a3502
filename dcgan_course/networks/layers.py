"""The blocks and networks that the lessons share, after the guidelines of the DCGAN paper.

Radford, Metz, Chintala 2016, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks" (arXiv:1511.06434): strided convolutions in place of pooling,
batch norm in both networks except at G's output and D's input, ReLU in G with tanh at its
end, LeakyReLU 0.2 in D, weights drawn from N(0, 0.02).
"""

import contextlib
import math

import keras
from keras import layers

from dcgan_course.checks import number, one_of, whole_number, whole_numbers


def paper_init(seed=None):
    """N(0, 0.02), the paper's initializer for all weights. A new object for each layer.

    Args:
        seed: None takes it from `keras.utils.set_random_seed`.
    """
    return keras.initializers.RandomNormal(mean=0.0, stddev=0.02, seed=seed)


def dense_block(units, reshape=None):
    """Dense layer, batch norm, ReLU; with `reshape`, into feature maps.

    Args:
        units: numbers that leave the block.
        reshape: None, or (h, w, c) with h·w·c = units; then batch norm goes by channel.

    Returns:
        A list of layers: (batch, any) → (batch, units) or (batch, *reshape).

    Raises:
        ValueError: `units` below 1, or other than the product of `reshape`.
    """
    units = whole_number("units", units, minimum=1)
    if reshape is not None:
        reshape = whole_numbers("reshape", reshape, minimum=1)
        if math.prod(reshape) != units:
            raise ValueError(
                f"{units} units cannot be reshaped into {reshape}, which holds "
                f"{math.prod(reshape)} numbers."
            )
    return [
        layers.Dense(units, use_bias=False, kernel_initializer=paper_init()),
        *([layers.Reshape(reshape)] if reshape else []),
        layers.BatchNormalization(),
        layers.ReLU(),
    ]


def image_block(channels, kernel_size=4, strides=2):
    """The generator's end: transposed convolution and tanh, without batch norm.

    Args:
        channels: of the image, 1 or 3.
        kernel_size, strides: see `upsample_block`.

    Returns:
        A list of layers: (batch, h, w, any) → float32 (batch, strides·h, strides·w, channels)
        in [−1, 1].
    """
    channels = whole_number("channels", channels, minimum=1)
    kernel_size, strides = _sides("kernel_size", kernel_size), _sides("strides", strides)
    return [
        layers.Conv2DTranspose(
            channels, kernel_size, strides, padding="same", kernel_initializer=paper_init()
        ),
        # In float32 whatever the policy: bfloat16 has 256 steps where an image needs more.
        layers.Activation("tanh", dtype="float32"),
    ]


def logit_block(hidden=0, batch_norm=True):
    """The discriminator's end: feature maps → one logit, if wanted over a hidden layer.

    A single dense layer adds up local evidence and cannot ask how the parts of an image fit
    together; a hidden layer before it can (the heads of InfoGAN's networks for MNIST,
    Chen et al. 2016, arXiv:1606.03657, appendix C).

    Args:
        hidden: units of the hidden layer, with LeakyReLU 0.2; 0 for none.
        batch_norm: whether the hidden layer has it.

    Returns:
        A list of layers: (batch, h, w, c) → float32 (batch, 1).
    """
    block = [layers.Flatten()]
    if hidden := whole_number("hidden", hidden, minimum=0):
        block.append(layers.Dense(hidden, kernel_initializer=paper_init()))
        if batch_norm:
            block.append(layers.BatchNormalization())
        block.append(layers.LeakyReLU(negative_slope=0.2))
    return [*block, layers.Dense(1, kernel_initializer=paper_init(), dtype="float32")]


def upsample_block(filters, kernel_size=4, strides=2):
    """Transposed convolution, batch norm, ReLU: doubles height and width.

    No bias, because batch norm would subtract it at once. A kernel that is a multiple of
    the stride covers every output pixel equally often; others leave a checkerboard
    (Odena et al. 2016, distill.pub/2016/deconv-checkerboard).

    Args:
        filters: channels of the output.
        kernel_size: side of the kernel.
        strides: by how much height and width grow.

    Returns:
        A list of three layers: (batch, h, w, any) → (batch, strides·h, strides·w, filters).
    """
    filters = whole_number("filters", filters, minimum=1)
    kernel_size, strides = _sides("kernel_size", kernel_size), _sides("strides", strides)
    return [
        layers.Conv2DTranspose(
            filters,
            kernel_size,
            strides,
            padding="same",
            use_bias=False,
            kernel_initializer=paper_init(),
        ),
        layers.BatchNormalization(),
        layers.ReLU(),
    ]


def downsample_block(filters, kernel_size=5, strides=2, batch_norm=True, dropout=0.0):
    """Strided convolution, batch norm, LeakyReLU 0.2, dropout: halves height and width.

    Args:
        filters: channels of the output.
        kernel_size: side of the kernel.
        strides: by how much height and width shrink.
        batch_norm: False in D's first block, says the paper.
        dropout: share of activations to drop while training; 0 leaves the layer out.

    Returns:
        A list of layers: (batch, h, w, any) → (batch, ⌈h/strides⌉, ⌈w/strides⌉, filters).
    """
    filters = whole_number("filters", filters, minimum=1)
    kernel_size, strides = _sides("kernel_size", kernel_size), _sides("strides", strides)
    dropout = number("dropout", dropout, minimum=0, below=1)
    block = [
        layers.Conv2D(
            filters, kernel_size, strides, padding="same", kernel_initializer=paper_init()
        )
    ]
    if batch_norm:
        block.append(layers.BatchNormalization())
    block.append(layers.LeakyReLU(negative_slope=0.2))
    if dropout:
        block.append(layers.Dropout(dropout))
    return block


def first_maps(sides, widths):
    """The shape of the maps that a generator's doublings start from.

    Args:
        sides: (height, width) of the images.
        widths: channels before each doubling.

    Returns:
        (height, width, channels).

    Raises:
        ValueError: a size that cannot be reached by doublings.
    """
    (height, width), factor = sides, 2 ** len(widths)
    if height % factor or width % factor:
        raise ValueError(
            f"{len(widths)} doublings cannot end at {height}×{width}: both sides should be "
            f"divisible by {factor}. Choose another number of widths."
        )
    return (height // factor, width // factor, widths[0])


def dcgan_generator(
    image_shape=(28, 28, 1),
    latent_dim=100,
    widths=(128, 64),
    kernel_size=4,
    hidden=0,
    name="generator",
):
    """G: latent code z → image, by a dense layer and doublings.

    Args:
        image_shape: (height, width, channels) of the images. Height and width must be
            divisible by 2 to the power of `len(widths)`.
        latent_dim: numbers in a code z, which is drawn from N(0, 1).
        widths: channels before each doubling, from the smallest map to the largest.
        kernel_size: of the transposed convolutions; a multiple of their stride 2 is wise.
        hidden: units of a dense block between the code and the first maps; 0 for none.
        name: of the model.

    Returns:
        A `keras.Sequential`: (batch, latent_dim) → float32 (batch, *image_shape) in [−1, 1].

    Raises:
        ValueError: a size that cannot be reached by doublings.
    """
    height, width, channels = _checked_shape(image_shape)
    latent_dim = whole_number("latent_dim", latent_dim, minimum=1)
    hidden = whole_number("hidden", hidden, minimum=0)
    widths = whole_numbers("widths", widths, minimum=1)
    small = first_maps((height, width), widths)
    network = [keras.Input((latent_dim,))]
    if hidden:
        network += dense_block(hidden)
    network += dense_block(math.prod(small), reshape=small)
    for filters in widths[1:]:
        network += upsample_block(filters, kernel_size)
    network += image_block(channels, kernel_size)
    return keras.Sequential(network, name=name)


def dcgan_discriminator(
    image_shape=(28, 28, 1),
    widths=(64, 128),
    kernel_size=5,
    batch_norm=True,
    dropout=0.0,
    hidden=0,
    name="discriminator",
):
    """D: image → one logit, positive for "real", by strided convolutions.

    Args:
        image_shape: (height, width, channels) of the images, in [−1, 1].
        widths: channels after each halving.
        kernel_size: of the convolutions.
        batch_norm: True for every block, False for none, "paper" for all but the first.
        dropout: share of activations to drop after each block while training.
        hidden: units of a dense layer before the logit; 0 for none. See `logit_block`.
        name: of the model.

    Returns:
        A `keras.Sequential`: (batch, *image_shape) → float32 logits (batch, 1).

    Raises:
        ValueError: no widths, or a shape that is not (height, width, channels).
    """
    image_shape = _checked_shape(image_shape)
    widths = whole_numbers("widths", widths, minimum=1)
    one_of("batch_norm", batch_norm, (True, False, "paper"))
    network = [keras.Input(image_shape)]
    for index, filters in enumerate(widths):
        normed = batch_norm is True or (batch_norm == "paper" and index > 0)
        network += downsample_block(filters, kernel_size, batch_norm=normed, dropout=dropout)
    network += logit_block(hidden, batch_norm=batch_norm is not False)
    return keras.Sequential(network, name=name)


def _checked_shape(image_shape):
    hint = "They are (height, width, channels)."
    return whole_numbers("image_shape", image_shape, count=3, minimum=1, hint=hint)


def _sides(name, value):
    """A kernel's or stride's size: one whole number, or one for each of two directions."""
    if isinstance(value, (tuple, list)):
        return whole_numbers(name, value, count=2, minimum=1)
    return whole_number(name, value, minimum=1)


def copy_of(network, dtype="float32", name=None):
    """A copy of a Sequential or functional network with the same weights, computing in `dtype`.

    A generator trained in bfloat16 is kept as float32, so that it runs fast, and gives
    the same images, on a processor without bfloat16.

    Args:
        network: a built `keras.Sequential`, or a functional model; both may hold others.
        dtype: a Keras dtype policy for all layers.
        name: of the copy; the network's own if None.

    Raises:
        ValueError: a layer that cannot be made again from its `get_config()`.
    """
    copy = _copy_of_layers(network, dtype, name or network.name)
    copy.set_weights(network.get_weights())
    return copy


def _copy_of_layers(network, dtype, name):
    copies = {}  # the first Keras 3 would copy a layer again wherever it is used

    def clone(layer):
        if not isinstance(layer, layers.Layer):  # an operation, which holds nothing
            return layer
        if id(layer) not in copies:
            if isinstance(layer, keras.Model) and hasattr(layer, "outputs"):
                copy = _copy_of_layers(layer, dtype, layer.name)
            else:
                copy = _copy_of_layer(layer, dtype)
            copies[id(layer)] = copy
        return copies[id(layer)]

    if isinstance(network, keras.Sequential):
        head = keras.Input(network.input_shape[1:])
        return keras.Sequential([head, *[clone(layer) for layer in network.layers]], name=name)
    copy = keras.models.clone_model(network, clone_function=clone)
    return keras.Model(copy.inputs[0], copy.outputs[0], name=name)


def _copy_of_layer(layer, dtype):
    try:
        return type(layer).from_config({**layer.get_config(), "dtype": dtype})
    except (NotImplementedError, TypeError) as problem:
        kind = type(layer).__name__
        raise ValueError(
            f"The layer {layer.name!r} cannot be copied, because {kind} does not say how it is "
            f"made: give it get_config() and a dtype in __init__ ({problem})."
        ) from problem


def fast_policy():
    """The number format in which this processor multiplies fastest: a Keras dtype policy.

    "mixed_bfloat16" where the processor multiplies bfloat16 natively (x86 with AVX512-BF16
    or AMX, known on Linux from /proc/cpuinfo), else "float32". Elsewhere bfloat16 is
    emulated, and slower. Before Keras 3.2 always "float32": noise layers did not mix there.
    """
    if tuple(map(int, keras.__version__.split(".")[:2])) < (3, 2):
        return "float32"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        return "float32"
    return "mixed_bfloat16" if {"avx512_bf16", "amx_bf16"} & set(flags) else "float32"


@contextlib.contextmanager
def in_float32():
    """What is built inside the `with` computes in float32, whatever the global policy."""
    policy = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("float32")
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(policy)


# --- counting -------------------------------------------------------------------------


def multiplications(layer):
    """Multiplications for one image in one layer's forward pass; 0 where they do not count.

    A convolution multiplies once per output pixel and weight of its kernel, a transposed
    convolution once per *input* pixel and weight, a dense layer once per weight.
    """
    if isinstance(layer, layers.Conv2DTranspose):
        return math.prod(layer.input.shape[1:3]) * math.prod(layer.kernel.shape)
    if isinstance(layer, layers.Conv2D):
        return math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
    if isinstance(layer, layers.Dense):
        return math.prod(layer.kernel.shape)
    return 0


def layer_table(network):
    """A network as a table: each layer's output shape, parameters, and multiplications.

    Args:
        network: a built `keras.Sequential` or functional model.

    Returns:
        Text: the input, a line for each layer, and the sums; shapes without the batch.

    Raises:
        ValueError: a network that does not know its shapes yet.
    """
    if getattr(network, "layers", None) is None or not getattr(network, "built", False):
        raise ValueError(
            "The network does not know its shapes yet: begin it with keras.Input(shape)."
        )
    lines = [f"{'layer':<18}{'output shape':>15}{'parameters':>13}{'multiplications':>17}"]
    shape = " × ".join(map(str, network.input_shape[1:]))
    lines.append(f"{'input':<18}{shape:>15}")
    for layer in network.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        shape = _shape_of(layer)
        counts = [layer.count_params(), multiplications(layer)]
        parameters, products = (f"{count:,}" if count else "" for count in counts)
        lines.append(
            f"{type(layer).__name__:<18}{shape:>15}{parameters:>13}{products:>17}".rstrip()
        )
    total = sum(map(multiplications, network.layers))
    lines.append(f"{'sum':<18}{'':>15}{network.count_params():>13,}{total:>17,}")
    return "\n".join(lines)


def _shape_of(layer):
    try:
        return " × ".join(map(str, layer.output.shape[1:]))
    except (AttributeError, ValueError):  # used in several places, or with several outputs
        return "several"
