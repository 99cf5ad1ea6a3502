"""How lesson 04's laptop recipe was found: a starting point with one thing changed at a time.

For `quality.py frogs`, whose starting point is the recipe with higher learning rates, and for
`frogs.py`, which looks for shapes.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """A recipe, and which of the data set's images it learns from."""

    recipe: object
    choose: Callable = lambda images: images


def judged_variants():
    """The recipes that `frogs.py` compares, by name."""
    from dcgan_course.data.choose import plain_backgrounds
    from dcgan_course.evaluation.features import feature_maps
    from dcgan_course.networks.augment import translate
    from dcgan_course.networks.projected import projected_discriminator
    from dcgan_course.training.recipes import RECIPES, frog_discriminator, wide_frog_generator

    base, wide = RECIPES["04 all frogs"], RECIPES["04 features"]

    def seen(sides=(8, 4), extractor="cifar10_frogs", pixels=True, hidden=0):
        def build():
            branch = frog_discriminator(hidden=hidden) if pixels else None
            return projected_discriminator(branch, feature_maps(extractor, sides), hidden=hidden)

        return build

    def deep_d(filters=96, hidden=0):
        def build():
            features = feature_maps("cifar10_frogs", (8, 4))
            return projected_discriminator(
                deep_discriminator(hidden=hidden), features, filters, hidden
            )

        return build

    def deep():
        return wide_frog_generator((256, 160, 96), extra=1)

    return {
        "lesson": Variant(base),
        "features": Variant(base.but(discriminator=wide.discriminator)),
        "features, wide G": Variant(wide),
        "features, wide and deep G": Variant(wide.but(generator=deep)),
        "features, wide G, typical half": Variant(wide, typical_half),
        "features, wide G, rates of 4e-4": Variant(wide.but(g_rate=4e-4, d_rate=4e-4)),
        "features, wide G, batches of 32": Variant(
            wide.but(batch_size=32, g_rate=3e-4, d_rate=3e-4)
        ),
        "features, wide G, hidden layers in D, rates of 4e-4": Variant(
            wide.but(discriminator=seen(hidden=256), g_rate=4e-4, d_rate=4e-4)
        ),
        "features, wide G, deep D": Variant(
            wide.but(discriminator=deep_d(), g_rate=4e-4, d_rate=4e-4)
        ),
        "features, wide G, deep D with hidden layers": Variant(
            wide.but(discriminator=deep_d(hidden=256), g_rate=4e-4, d_rate=4e-4)
        ),
        "lesson, plain backgrounds": Variant(base, plain_backgrounds),
        "one pass, plain backgrounds, shifted": Variant(
            base.but(turns=False, augment=translate), plain_backgrounds
        ),
        "one pass, wide G, plain backgrounds, shifted": Variant(
            base.but(generator=wide.generator, turns=False, augment=translate), plain_backgrounds
        ),
        "features, plain backgrounds": Variant(
            base.but(discriminator=wide.discriminator), plain_backgrounds
        ),
        "features, wide G, plain backgrounds": Variant(wide, plain_backgrounds),
        "features of 16, 8 and 4, wide G": Variant(wide.but(discriminator=seen((16, 8, 4)))),
        "features alone, wide G": Variant(wide.but(discriminator=seen((16, 8, 4), pixels=False))),
    }


def deep_discriminator(width=48, noise=0.05, hidden=0):
    """D of lesson 04 with one and a half times the width, and a convolution after each halving."""
    from keras import Input, Sequential, layers

    from dcgan_course.networks.layers import downsample_block, logit_block

    network = [Input((32, 32, 3)), layers.GaussianNoise(noise)]
    network += downsample_block(width, kernel_size=4, batch_norm=False)
    for filters in (2 * width, 4 * width):
        network += downsample_block(filters, kernel_size=4)
        network += downsample_block(filters, kernel_size=3, strides=1)
    return Sequential([*network, *logit_block(hidden)], name="deep_discriminator")


def typical_half(images):
    """The half of the images that is most typical in the features (DeVries et al. 2020).

    Instance selection (arXiv:2007.15255): the log density of a Gaussian fitted to the features.
    """
    import numpy as np

    from dcgan_course.evaluation.features import load_extractor

    features = load_extractor("cifar10_frogs").features(images)
    centerd = features - features.mean(axis=0)
    inverse = np.linalg.inv(np.cov(centerd, rowvar=False) + 0.01 * np.eye(centerd.shape[1]))
    distances = np.einsum("nd,de,ne->n", centerd, inverse, centerd)
    return images[distances <= np.median(distances)]


def frog_variants():
    """The starting point with one thing changed at a time; one of them is the lesson's recipe."""
    from dcgan_course.networks import augment
    from dcgan_course.training.recipes import RECIPES, Recipe, frog_discriminator, frog_generator

    class FrozenByLayers(Recipe):
        """In G's turn D's batch norm is in inference mode: not what D's own turn computes."""

        def build(self, seed=0):
            gan = super().build(seed)
            turn = gan.generator_turn

            def turn_with_layers_frozen(real_images):
                gan.discriminator.trainable = False
                loss = turn(real_images)
                gan.discriminator.trainable = True
                return loss

            gan.generator_turn = turn_with_layers_frozen
            return gan

    base = RECIPES["04 all frogs"].but(g_rate=5e-4, d_rate=5e-4)
    together = base.but(turns=False)

    def wide(width):
        return base.but(
            generator=lambda: frog_generator(width), discriminator=lambda: frog_discriminator(width)
        )

    def other_d(**changes):
        return base.but(discriminator=lambda: frog_discriminator(**changes))

    return {
        "starting point": base,
        "starting point, another seed": base,
        "both updates from the same fakes": together,
        "D frozen by its layers' flags": FrozenByLayers(**vars(base)),
        "half the width": wide(16),
        "twice the width": wide(64),
        "codes of 32 numbers": base.but(generator=lambda: frog_generator(latent_dim=32)),
        "one more doubling, to 32 × 32 × 32, and a convolution": base.but(generator=deep_frog_g),
        "resize and convolution in place of transposed": base.but(generator=resizing_frog_g),
        "5 × 5 kernels in G": base.but(generator=lambda: frog_generator(kernel_size=5)),
        "LeakyReLU in G": base.but(generator=leaky_frog_g),
        "max pooling in D": base.but(discriminator=pooling_frog_d),
        "dropout of 0.4 before the logit": base.but(discriminator=dropping_frog_d),
        "D without noise on its input": other_d(noise=0.0),
        "no batch norm in D, R1 of γ = 0.1": other_d(batch_norm=False).but(r1=0.1),
        "spectral norm in D, hinge loss": base.but(
            discriminator=lambda: spectral_discriminator((32, 32, 3), (32, 64, 128), 4, hidden=0),
            loss="hinge",
            label_smoothing=0.0,
        ),
        "batches of 64": base.but(batch_size=64),
        "learning rates 2e-4: the recipe of the lesson": RECIPES["04 all frogs"],
        "D's learning rate twice G's": base.but(d_rate=1e-3),
        "RMSprop with clipped gradients": base.but(optimizer="rmsprop"),
        "label noise of 0.05 in place of smoothing": base.but(
            label_smoothing=0.0, label_noise=0.05
        ),
        "no mirror images": base.but(mirrored=False),
        "no moving average": base.but(average=None),
        "a moving average ten times as long": base.but(average=0.9999),
        "both from the same fakes, D sees them shifted": together.but(augment=augment.translate),
        "both from the same fakes, D sees them shifted and recolored": together.but(
            augment=augment.chain(augment.translate, augment.color)
        ),
    }


def spectral_discriminator(image_shape=(28, 28, 1), widths=(32, 64), kernel_size=5, hidden=512):
    """The lean D with spectral normalization where it had batch norm (Miyato et al. 2018)."""
    from keras import Sequential, layers

    network = [layers.Input(image_shape)]
    for filters in widths:
        convolution = layers.Conv2D(filters, kernel_size, 2, padding="same")
        network += [layers.SpectralNormalization(convolution), layers.LeakyReLU(negative_slope=0.2)]
    network.append(layers.Flatten())
    if hidden:
        network += [layers.SpectralNormalization(layers.Dense(hidden))]
        network += [layers.LeakyReLU(negative_slope=0.2)]
    network += [layers.SpectralNormalization(layers.Dense(1, dtype="float32"))]
    return Sequential(network, name="spectral_discriminator")


def _frog_g(upsample, activation):
    """G of lesson 04 with another way to double, or another activation."""
    from keras import Input, Sequential, layers

    from dcgan_course.networks.layers import dense_block, image_block

    network = [Input((64,)), *dense_block(4 * 4 * 128, reshape=(4, 4, 128))]
    for filters in (64, 32):
        network += upsample(filters)
    network += image_block(3)
    changed = [activation() if isinstance(layer, layers.ReLU) else layer for layer in network[1:]]
    return Sequential([network[0], *changed])


def leaky_frog_g():
    """LeakyReLU 0.2 in place of ReLU."""
    from keras import layers

    from dcgan_course.networks.layers import upsample_block

    return _frog_g(upsample_block, lambda: layers.LeakyReLU(negative_slope=0.2))


def resizing_frog_g():
    """Doubles by bilinear resizing and a 3 × 3 convolution (Odena et al. 2016)."""
    from keras import layers

    from dcgan_course.networks.layers import paper_init

    def upsample(filters):
        convolution = layers.Conv2D(
            filters, 3, padding="same", use_bias=False, kernel_initializer=paper_init()
        )
        resize = layers.UpSampling2D(interpolation="bilinear")
        return [resize, convolution, layers.BatchNormalization(), layers.ReLU()]

    return _frog_g(upsample, layers.ReLU)


def deep_frog_g():
    """A third doubling in feature maps, and a convolution to colors."""
    from keras import Input, Sequential, layers

    from dcgan_course.networks.layers import dense_block, paper_init, upsample_block

    network = [Input((64,)), *dense_block(4 * 4 * 128, reshape=(4, 4, 128))]
    for filters in (64, 32, 32):
        network += upsample_block(filters)
    network.append(layers.Conv2D(3, 3, padding="same", kernel_initializer=paper_init()))
    return Sequential([*network, layers.Activation("tanh", dtype="float32")])


def dropping_frog_d():
    """Dropout before the logit, as in the book."""
    from keras import Input, Sequential, layers

    from dcgan_course.training.recipes import frog_discriminator

    *before, logit = frog_discriminator().layers
    return Sequential([Input((32, 32, 3)), *before, layers.Dropout(0.4), logit])


def pooling_frog_d():
    """Convolutions without stride, each followed by max pooling."""
    from keras import Input, Sequential, layers

    from dcgan_course.networks.layers import downsample_block, logit_block

    network = [Input((32, 32, 3)), layers.GaussianNoise(0.05)]
    for index, filters in enumerate((32, 64, 128)):
        network += downsample_block(filters, 4, strides=1, batch_norm=index > 0)
        network.append(layers.MaxPooling2D())
    return Sequential([*network, *logit_block()])
