"""A discriminator that judges frozen features as well as pixels: a projected GAN in miniature.

Sauer et al. 2021, "Projected GANs Converge Faster" (arXiv:2111.01007): a network that has
learned to see, and stays as it is, turns real images and fakes into feature maps; a small head on
each map learns to tell the two apart. The frozen network spares D the time to find such features
itself. The paper's heads see frozen features alone; here D keeps its branch for pixels as well.
"""

import keras
from keras import layers

from dcgan_course.checks import whole_number
from dcgan_course.networks.layers import downsample_block, logit_block


def feature_head(maps, filters=64, hidden=0):
    """Build a head: feature maps → one logit.

    A 3 × 3 convolution, and a strided one where the maps are larger than 4 × 4, each with batch
    norm and LeakyReLU, and a dense layer.

    Args:
        maps: a Keras tensor (batch, side, side, any).
        filters: channels of the convolutions.
        hidden: units of a dense layer before the logit; 0 for none. See `layers.logit_block`.

    Returns:
        A Keras tensor of float32 logits (batch, 1).
    """
    x = maps
    for layer in downsample_block(filters, kernel_size=3, strides=1):
        x = layer(x)
    while x.shape[1] > 4:
        for layer in downsample_block(filters, kernel_size=4):
            x = layer(x)
    for layer in logit_block(hidden):
        x = layer(x)
    return x


def projected_discriminator(pixels, features, filters=64, hidden=0, name="projected_discriminator"):
    """Build a D that judges pixels and frozen features.

    Args:
        pixels: a D for images, images → logits (batch, 1); or None for features alone.
        features: a frozen network, images → a list of maps, such as `feature_maps` builds.
        filters: channels of each head's convolutions.
        hidden: units of a dense layer in each head; 0 for none.
        name: of the model.

    Returns:
        A `keras.Model`: images → float32 logits (batch, heads), one from `pixels` and one from
        each map. The losses sum over them.
    """
    filters = whole_number("filters", filters, minimum=1)
    images = keras.Input(features.input_shape[1:])
    logits = [] if pixels is None else [pixels(images)]
    logits += [feature_head(maps, filters, hidden) for maps in features(images)]
    return keras.Model(images, layers.Concatenate(dtype="float32")(logits), name=name)
