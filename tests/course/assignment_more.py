"""More answers to the assignments, wrong and right: one for each kind of mistake seen in classes.

Built from the templates of `assignment_cases`, in the same form.
"""

from assignment_cases import (
    _AVERAGE_PARTS,
    _BEST,
    _D,
    _G,
    _GOOD_BEST,
    _GOOD_VALUE,
    _MINIMAX,
    _NON_SATURATING,
    _STEP_PARTS,
    _TRAINERS_PARTS,
    _average,
    _counts,
    _cures,
    _discriminator,
    _doctor,
    _generator,
    _modes,
    _movement,
    _step,
    _trainers,
)

MORE_WRONG, MORE_RIGHT = {}, {}


def _d(text):
    return {"discriminator_loss": _D + text}


def _g(minimax=_MINIMAX, other=_NON_SATURATING):
    return {"generator_losses": _G.format(minimax=minimax, other=other)}


def _best(best=_GOOD_BEST, value=_GOOD_VALUE):
    return {"optimum": _BEST.format(best=best, value=value)}


def _hinge(d, g="-tf.reduce_mean(f)"):
    return {"hinge": f"def hinge_losses(r, f):\n    return {d}, {g}"}


def _slopes(text):
    return {"slopes": f"def slopes(l):\n    l = np.asarray(l)\n    {text}"}


_SOFT = "tf.reduce_mean(tf.nn.softplus({}))"
_GOOD_HINGE = "tf.reduce_mean(tf.nn.relu(1 - r) + tf.nn.relu(1 + f))"

MORE_WRONG["01_losses"] = {
    "a small number in the logarithm, on the real side": (
        _d(
            "return -tf.reduce_mean(tf.math.log(tf.sigmoid(real_logits) + 1e-7)) + "
            + _SOFT.format("fake_logits")
        ),
        {"d_stable"},
    ),
    "a small number in the logarithm, on the fake side": (
        _d(
            "return -tf.reduce_mean(tf.math.log(1 - tf.sigmoid(fake_logits) + 1e-8)) + "
            + _SOFT.format("-real_logits")
        ),
        {"d_stable"},
    ),
    "logits clipped at 20": (
        _d(
            "r, f = (tf.clip_by_value(l, -20.0, 20.0) for l in (real_logits, fake_logits))\n    "
            "return tf.reduce_mean(tf.nn.softplus(-r) + tf.nn.softplus(f))"
        ),
        {"d_stable"},
    ),
    "probabilities clipped, as Keras does without logits": (
        _d(
            "import keras\n    e = keras.losses.BinaryCrossentropy()\n    r, f = tf.sigmoid("
            "real_logits), tf.sigmoid(fake_logits)\n    return e(tf.ones_like(r), r) + "
            "e(tf.zeros_like(f), f)"
        ),
        {"d_stable"},
    ),
    "real labels of 0.9": (
        _d(
            "x = tf.nn.sigmoid_cross_entropy_with_logits\n    return tf.reduce_mean(x(0.9 * "
            "tf.ones_like(real_logits), real_logits) + x(tf.zeros_like(fake_logits), fake_logits))"
        ),
        {"d_value", "d_signs", "d_stable"},
    ),
    "half of the loss": (
        _d(
            "return 0.5 * tf.reduce_mean(tf.nn.softplus(-real_logits) + "
            "tf.nn.softplus(fake_logits))"
        ),
        {"d_value", "d_stable"},
    ),
    "real images alone": (
        _d("return " + _SOFT.format("-real_logits")),
        {"d_value", "d_signs", "d_stable"},
    ),
    "softplus written as log(1 + exp)": (
        _d(
            "return tf.reduce_mean(tf.math.log(1 + tf.exp(-real_logits)) + "
            "tf.math.log(1 + tf.exp(fake_logits)))"
        ),
        {"d_stable"},
    ),
    "G's losses with small numbers": (
        _g(
            "tf.reduce_mean(tf.math.log(1 - tf.sigmoid(fake_logits) + 1e-12))",
            "-tf.reduce_mean(tf.math.log(tf.sigmoid(fake_logits) + 1e-12))",
        ),
        {"g_stable"},
    ),
    "G's logits clipped at 30": (
        _g(other="tf.reduce_mean(tf.nn.softplus(-tf.clip_by_value(fake_logits, -30.0, 30.0)))"),
        {"g_stable"},
    ),
    "the minimax loss of the other sign": (_g(_MINIMAX[1:]), {"g_minimax", "g_stable"}),
    "the non-saturating loss twice": (_g(_NON_SATURATING), {"g_minimax", "g_stable"}),
    "sums for G": (
        _g(_MINIMAX.replace("mean", "sum"), _NON_SATURATING.replace("mean", "sum")),
        {"g_value", "g_minimax"},
    ),
    "slopes by rough differences": (
        _slopes(
            "h = 1e-2\n    a, b = lambda x: -np.logaddexp(0, x), lambda x: np.logaddexp(0, -x)\n"
            "    return (a(l + h) - a(l)) / h, (b(l + h) - b(l)) / h"
        ),
        {"slope_minimax", "slope_non_saturating"},
    ),
    "slopes averaged": (
        _slopes("s = 1 / (1 + np.exp(-l))\n    return np.mean(-s), np.mean(s - 1)"),
        {"slope_minimax", "slope_non_saturating"},
    ),
    "slopes of sigmoid": (
        _slopes("s = 1 / (1 + np.exp(-l))\n    return -s * (1 - s), s - 1"),
        {"slope_minimax"},
    ),
    "hinge with one sign for both": (
        _hinge("tf.reduce_mean(tf.nn.relu(1 - r) + tf.nn.relu(1 - f))"),
        {"hinge_d"},
    ),
    "hinge halved": (_hinge("0.5 * " + _GOOD_HINGE), {"hinge_d"}),
    "hinge squared": (
        _hinge("tf.reduce_mean(tf.nn.relu(1 - r) ** 2 + tf.nn.relu(1 + f) ** 2)"),
        {"hinge_d"},
    ),
    "hinge summed": (_hinge(_GOOD_HINGE.replace("mean", "sum")), {"hinge_d"}),
    "a margin for G": (_hinge(_GOOD_HINGE, "tf.reduce_mean(tf.nn.relu(1 - f))"), {"hinge_g"}),
    "a small number below the fraction": (
        _best("return p / (p + q + 1e-8)"),
        {"optimum_empty"},
    ),
    "small numbers above and below": (
        _best("return (p + 1e-8) / (p + q + 2e-8)"),
        {"optimum_empty"},
    ),
    "the average instead of the integral": (
        _best(value=_GOOD_VALUE.replace(".sum()", ".mean()")),
        {"optimum_value"},
    ),
    "fakes left out of the value": (
        _best(value=_GOOD_VALUE.replace(" + xlogy(q, 1 - best)", "")),
        {"optimum_value"},
    ),
    "logarithms of base 2": (
        _best(value=_GOOD_VALUE.replace(").sum()", ").sum() / np.log(2)")),
        {"optimum_value"},
    ),
    "a value with nan where nothing is": (
        _best(
            value="d = optimal_discriminator(p, q)\n"
            "    return float((p * np.log(d) + q * np.log(1 - d)).sum() * dx)"
        ),
        {"optimum_value"},
    ),
}
MORE_RIGHT["01_losses"] = {
    "in double precision": _d(
        "r, f = tf.cast(real_logits, tf.float64), tf.cast(fake_logits, tf.float64)\n"
        "    return tf.reduce_mean(tf.nn.softplus(-r)) + tf.reduce_mean(tf.nn.softplus(f))"
    ),
    "both in one batch": _d(
        "labels = tf.concat([tf.ones_like(real_logits), tf.zeros_like(fake_logits)], 0)\n"
        "    logits = tf.concat([real_logits, fake_logits], 0)\n"
        "    x = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)\n"
        "    return 2 * tf.reduce_mean(x)"
    ),
    "logsumexp, where, Keras' hinge": _d(
        "both = tf.concat([-real_logits, fake_logits], 1)\n"
        "    soft = tf.reduce_logsumexp(tf.stack([both, tf.zeros_like(both)]), 0)\n"
        "    return tf.reduce_mean(tf.reduce_sum(soft, 1))"
    )
    | {
        "hinge": "import keras\n\n\ndef hinge_losses(real, fake):\n    h = keras.losses.Hinge()\n"
        "    return h(tf.ones_like(real), real) + h(-tf.ones_like(fake), fake), "
        "-keras.ops.mean(fake)",
        "slopes": "def slopes(logits):\n    e = np.exp(-np.abs(logits))\n"
        "    up = np.where(np.asarray(logits) > 0, 1 / (1 + e), e / (1 + e))\n"
        "    return np.negative(up), up - 1",
    },
    "masks and nansum": _best(
        "d = np.full(len(p), 0.5)\n    some = (p + q) != 0\n"
        "    d[some] = p[some] / (p[some] + q[some])\n    return d",
        "d = optimal_discriminator(p, q)\n    with np.errstate(all='ignore'):\n"
        "        return np.nansum(p * np.log(d)) * dx + np.nansum(q * np.log(1 - d)) * dx",
    ),
}

# --- 2: networks ------------------------------------------------------------------------

_NORM = "model.add(layers.BatchNormalization())"


def _changed(answers, **swaps):
    """Answers with words of their text swapped: {old: new} in pairs."""
    ((key, text),) = answers.items()
    for old, new in swaps.values():
        assert old in text, old
        text = text.replace(old, new)
    return {key: text}


def _g_relu(layer):
    return _changed(_generator(), relu=("layers.ReLU()", layer))


def _d_norm(layer):
    return _changed(_discriminator(), norm=("layers.BatchNormalization()", layer))


MORE_WRONG["02_networks"] = {
    "one doubling too many": (
        _counts(steps="int(log2(size // start)) + 1"),
        {"count_doublings", "g_shape", "d_strides"},
    ),
    "always from 4": (_counts(steps="int(log2(size // 4))"), {"count_doublings"}),
    "a refusal that does not say why": (
        _changed(
            _counts(),
            m=('"%d cannot be reached from %d by doublings" % (size, start)', '"wrong size"'),
        ),
        {"count_doublings"},
    ),
    "a bias counted beside batch norm": (
        _changed(_counts(), m=("weights = kernel", "weights = channels_out + kernel")),
        {"count_parameters"},
    ),
    "LeakyReLU in G": (_g_relu("layers.LeakyReLU(negative_slope=0.2)"), {"g_relu"}),
    "no activation in G": (_g_relu("layers.Activation('linear')"), {"g_relu"}),
    "ELU in G": (_g_relu("layers.ELU()"), {"g_relu"}),
    "tanh in G's blocks": (_g_relu("layers.Activation('tanh')"), {"g_relu"}),
    "batch norm in G's first blocks alone": (
        _generator(norm="len(model.layers) < 4 and " + _NORM),
        {"g_batch_norm"},
    ),
    "no batch norm after G's dense layer": (
        _generator(norm="len(model.layers) > 2 and " + _NORM),
        {"g_batch_norm"},
    ),
    "G normalized by rows": (
        _generator(norm="model.add(layers.BatchNormalization(axis=1))"),
        {"g_batch_norm"},
    ),
    "layer norm in G": (
        _generator(norm="model.add(layers.LayerNormalization())"),
        {"g_batch_norm", "g_relu"},
    ),
    "pixels clipped": (_generator(tanh="lambda x: keras.ops.clip(x, -1, 1)"), {"g_range"}),
    "softsign": (_generator(tanh="'softsign'"), {"g_range"}),
    "a stretched sigmoid": (_generator(tanh="lambda x: 2 * keras.ops.sigmoid(x) - 1"), {"g_range"}),
    "kernels of G around 0.02": (_generator(init="0.02).__class__(0.02, 0.02"), {"g_init"}),
    "even random numbers in G": (
        _changed(
            _generator(),
            a=(
                "keras.initializers.RandomNormal(0, 0.02)",
                "keras.initializers.RandomUniform(-0.0346, 0.0346)",
            ),
        ),
        {"g_init"},
    ),
    "G's last kernel as Keras draws it": (
        _changed(
            _generator(),
            a=(
                'layers.Conv2DTranspose(channels, 4, 2, "same", kernel_initializer=init())',
                'layers.Conv2DTranspose(channels, 4, 2, "same", kernel_initializer="he_normal")',
            ),
        ),
        {"g_init"},
    ),
    "kernels of 3 in G": (_generator(kernel="3"), {"g_coverage"}),
    "G begins at maps of 8": (
        {
            "build_generator": """
def build_generator(size, channels, latent_dim):
    init = keras.initializers.RandomNormal(stddev=0.02)
    model = keras.Sequential([keras.Input((latent_dim,)),
        layers.Dense(64 * 16, kernel_initializer=init), layers.Reshape((8, 8, 16)),
        layers.BatchNormalization(), layers.ReLU()])
    for _ in range(doublings(size) - 2):
        model.add(layers.Conv2DTranspose(16, 4, 2, "same", kernel_initializer=init))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
    model.add(layers.Conv2DTranspose(channels, 4, min(2, size // 8), "same", activation="tanh",
        kernel_initializer=init))
    return model
"""
        },
        {"g_coverage"},
    ),
    "one stride of 8": (
        {
            "build_generator": """
def build_generator(size, channels, latent_dim):
    init = keras.initializers.RandomNormal(stddev=0.02)
    return keras.Sequential([keras.Input((latent_dim,)),
        layers.Dense(16 * 32, kernel_initializer=init), layers.Reshape((4, 4, 32)),
        layers.BatchNormalization(), layers.ReLU(),
        layers.Conv2DTranspose(channels, size // 4, size // 4, "same", activation="tanh",
            kernel_initializer=init)])
"""
        },
        {"g_coverage"},
    ),
    "dense layers alone": (
        {
            "build_generator": """
def build_generator(size, channels, latent_dim):
    init = keras.initializers.RandomNormal(stddev=0.02)
    return keras.Sequential([keras.Input((latent_dim,)),
        layers.Dense(128, kernel_initializer=init), layers.BatchNormalization(), layers.ReLU(),
        layers.Dense(size * size * channels, activation="tanh", kernel_initializer=init),
        layers.Reshape((size, size, channels))])
"""
        },
        {"g_coverage"},
    ),
    "LeakyReLU as Keras has it": (_discriminator(activation="layers.LeakyReLU()"), {"d_leaky"}),
    "a slope of 0.02": (
        _discriminator(activation="layers.LeakyReLU(negative_slope=0.02)"),
        {"d_leaky"},
    ),
    "ELU in D": (_discriminator(activation="layers.ELU()"), {"d_leaky"}),
    "no activation in D": (_discriminator(activation="layers.Activation('linear')"), {"d_leaky"}),
    "no batch norm in D": (_d_norm("layers.Activation('linear')"), {"d_batch_norm"}),
    "D normalized by rows": (_d_norm("layers.BatchNormalization(axis=1)"), {"d_batch_norm"}),
    "layer norm in D": (_d_norm("layers.LayerNormalization()"), {"d_batch_norm"}),
    "batch norm in D's second block alone": (
        _changed(_discriminator(), a=("if step:", "if step == 1:")),
        {"d_batch_norm"},
    ),
    "halvings down to 8": (
        _changed(_discriminator(), a=("range(doublings(size))", "range(doublings(size) - 1)")),
        {"d_strides"},
    ),
    "a stride in D's first block alone": (
        _discriminator(
            down="model.add(layers.Conv2D(width, 4, 1 if step else 2, 'same', "
            "kernel_initializer=init()))"
        ),
        {"d_strides"},
    ),
    "no padding in D": (
        _discriminator(
            down="model.add(layers.Conv2D(width, 3, 2, 'valid', kernel_initializer=init()))"
        ),
        {"d_strides"},
    ),
    "averages over the last maps": (
        _changed(_discriminator(), a=("layers.Flatten()", "layers.GlobalAveragePooling2D()")),
        {"d_strides"},
    ),
    "averages between convolutions": (
        _discriminator(
            down="model.add(layers.Conv2D(width, 3, 1, 'same', kernel_initializer=init()))\n"
            "        model.add(layers.AveragePooling2D(2))"
        ),
        {"d_strides"},
    ),
    "layer norm on D's input": (
        _discriminator(start="model.add(layers.LayerNormalization(axis=(1, 2, 3)))"),
        {"d_input", "d_init"},
    ),
    "tanh at D's end": (_discriminator(end="'tanh'"), {"d_logits"}),
    "ReLU at D's end": (_discriminator(end="'relu'"), {"d_logits"}),
    "kernels of D around 0.02": (_discriminator(init="0.02).__class__(0.02, 0.02"), {"d_init"}),
    "D's kernels as Keras draws them": (
        _changed(_discriminator(), a=(", kernel_initializer=init()", "")),
        {"d_init"},
    ),
    "D's dense layer as Keras draws it": (
        _changed(
            _discriminator(),
            a=("activation=None, kernel_initializer=init()", "activation=None"),
        ),
        {"d_init"},
    ),
}
MORE_RIGHT["02_networks"] = {
    "layers of a subclass declared in another order": {
        "build_generator": """
class Generator(keras.Model):
    def __init__(self, size, channels, latent_dim):
        super().__init__()
        init = keras.initializers.RandomNormal(stddev=0.02)
        self.steps = doublings(size)
        self.last = layers.Conv2DTranspose(channels, 4, 2, "same", kernel_initializer=init)
        self.norms = [layers.BatchNormalization() for _ in range(self.steps)]
        self.ups = [layers.Conv2DTranspose(24, 4, 2, "same", use_bias=False, kernel_initializer=init)
                    for _ in range(self.steps - 1)]
        self.reshape = layers.Reshape((4, 4, 32))
        self.root = layers.Dense(4 * 4 * 32, use_bias=False, kernel_initializer=init)

    def call(self, z):
        x = keras.ops.relu(self.norms[0](self.reshape(self.root(z))))
        for up, norm in zip(self.ups, self.norms[1:]):
            x = keras.ops.relu(norm(up(x)))
        return keras.ops.tanh(self.last(x))

def build_generator(size, channels, latent_dim):
    return Generator(size, channels, latent_dim)
""",
        "build_discriminator": """
class Discriminator(keras.Model):
    def __init__(self, size, channels):
        super().__init__()
        init = lambda: keras.initializers.RandomNormal(0.0, 0.02)
        self.answer = layers.Dense(1, kernel_initializer=init())
        self.flat = layers.Flatten()
        self.norms = [layers.BatchNormalization() for _ in range(doublings(size) - 1)]
        self.downs = [layers.Conv2D(8 * 2**i, 4, 2, "same", kernel_initializer=init())
                      for i in range(doublings(size))]

    def call(self, x, training=False):
        for index, down in enumerate(self.downs):
            x = down(x)
            if index > 0:
                x = self.norms[index - 1](x, training=training)
            x = keras.ops.maximum(0.2 * x, x)
        return self.answer(self.flat(x))

def build_discriminator(size, channels):
    return Discriminator(size, channels)
""",
    },
    "blocks as layers of their own, named ConvBlock": {
        "build_generator": """
class Conv2DTransposeBlock(layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.up = layers.Conv2DTranspose(width, 4, strides=2, padding="same", use_bias=False,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02))
        self.norm = layers.BatchNormalization()

    def call(self, x, training=None):
        return keras.activations.relu(self.norm(self.up(x), training=training))

def build_generator(size, channels, latent_dim):
    init = keras.initializers.RandomNormal(stddev=0.02)
    return keras.Sequential([
        keras.Input((latent_dim,)), layers.Dense(4 * 4 * 64, kernel_initializer=init),
        layers.BatchNormalization(), layers.Activation("relu"), layers.Reshape((4, 4, 64)),
        *[Conv2DTransposeBlock(32) for _ in range(doublings(size) - 1)],
        layers.Conv2DTranspose(channels, 4, 2, "same", kernel_initializer=init),
        layers.Activation("tanh")])
""",
        "build_discriminator": """
class ConvBlock(layers.Layer):
    def __init__(self, width, norm):
        super().__init__()
        self.conv = layers.Conv2D(width, 5, strides=2, padding="same",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02))
        self.norm = layers.BatchNormalization() if norm else None
        self.leaky = layers.LeakyReLU(negative_slope=0.2)

    def call(self, x):
        x = self.conv(x)
        return self.leaky(self.norm(x) if self.norm else x)

def build_discriminator(size, channels):
    init = keras.initializers.RandomNormal(stddev=0.02)
    blocks = [ConvBlock(16 * 2**i, i > 0) for i in range(doublings(size))]
    return keras.Sequential([keras.Input((size, size, channels)), *blocks, layers.Flatten(),
        layers.Dropout(0.3), layers.Dense(1, kernel_initializer=init)])
""",
    },
    "the paper's own ends: convolutions instead of dense layers": {
        "build_generator": """
def build_generator(size, channels, latent_dim):
    init = keras.initializers.RandomNormal(stddev=0.02)
    x = inputs = keras.Input((latent_dim,))
    x = layers.Reshape((1, 1, latent_dim))(x)
    x = layers.Conv2DTranspose(64, 4, 1, "valid", use_bias=False, kernel_initializer=init)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for _ in range(doublings(size) - 1):
        x = layers.Conv2DTranspose(32, 4, 2, "same", use_bias=False, kernel_initializer=init)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(channels, 4, 2, "same", use_bias=False, kernel_initializer=init)(x)
    return keras.Model(inputs, layers.Activation("tanh")(x))
""",
        "build_discriminator": """
def build_discriminator(size, channels):
    init = keras.initializers.RandomNormal(stddev=0.02)
    x = inputs = keras.Input((size, size, channels))
    for index in range(doublings(size)):
        x = layers.ZeroPadding2D(1)(x)
        x = layers.Conv2D(24, 4, 2, "valid", use_bias=False, kernel_initializer=init)(x)
        x = layers.BatchNormalization()(x) if index else x
        x = layers.LeakyReLU(negative_slope=0.2)(x)
    x = layers.Conv2D(1, 4, 1, "valid", use_bias=False, kernel_initializer=init)(x)
    return keras.Model(inputs, layers.Flatten()(x))
""",
    },
    "very few channels": _changed(_generator(), a=("8 * 2**steps", "2 * 2**steps"))
    | _changed(_discriminator(), a=("width = 16", "width = 2")),
    "batch norm's scale drawn as the paper's code does": _generator(
        norm="model.add(layers.BatchNormalization(gamma_initializer=keras.initializers."
        "RandomNormal(1.0, 0.02)))"
    )
    | _changed(
        _discriminator(),
        a=(
            "layers.BatchNormalization()",
            "layers.BatchNormalization(momentum=0.8, gamma_initializer=keras.initializers."
            "RandomNormal(1.0, 0.02))",
        ),
    ),
    "one initializer object, TensorFlow's own functions": {
        "build_generator": """
import tensorflow as tf

def build_generator(size, channels, latent_dim):
    z = keras.Input((latent_dim,))
    h = layers.Dense(4 * 4 * 48, kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.0227))(z)
    h = layers.Lambda(tf.nn.relu)(layers.BatchNormalization()(layers.Reshape((4, 4, 48))(h)))
    while h.shape[1] < size // 2:
        h = layers.UpSampling2D(interpolation="bilinear")(h)
        h = layers.Conv2D(24, 3, padding="same", kernel_initializer=keras.initializers.RandomNormal(0, 0.02))(h)
        h = layers.Lambda(tf.nn.relu)(layers.BatchNormalization()(h))
    h = layers.Conv2DTranspose(channels, 6, 2, "same", kernel_initializer=keras.initializers.RandomNormal(0, 0.02))(h)
    return keras.Model(z, layers.Lambda(tf.tanh)(h))
"""
    },
}

# --- 3: the training step ---------------------------------------------------------------

MORE_WRONG["03_training_step"] = {
    "codes from numpy": (
        _step(
            z="tf.constant(np.random.normal(size=(real.shape[0], latent_dim)).astype('float32'))"
        ),
        {"step_codes"},
    ),
    "codes too wide": (
        _step(z="1.4 * tf.random.normal((tf.shape(real)[0], latent_dim))"),
        {"step_codes"},
    ),
    "truncated codes": (
        _step(z="tf.random.truncated_normal((tf.shape(real)[0], latent_dim))"),
        {"step_codes"},
    ),
    "a seed in the step": (
        _step(z="keras.random.normal((real.shape[0], latent_dim), seed=7)"),
        {"step_codes"},
    ),
    "real labels of 0.9": (
        _step(
            d_loss="tf.reduce_mean(tf.nn.softplus(-real_logits) + 0.1 * real_logits + "
            "tf.nn.softplus(fake_logits))"
        ),
        {"step_losses", "step_d", "step_order"},
    ),
    "half of D's loss": (
        _step(d_loss="0.5 * " + _STEP_PARTS["d_loss"]),
        {"step_losses", "step_d", "step_order"},
    ),
    "gradients clipped": (
        _step(
            between="d_gradients = [tf.clip_by_norm(g, 0.01) for g in d_gradients]",
        ),
        {"step_d", "step_order"},
    ),
    "losses of after the update": (
        _step(
            apply_g=_STEP_PARTS["apply_g"]
            + "\n    real_logits, fake_logits = (discriminator(x, training=True) for x in (real, fakes))"
            + "\n    d_loss = "
            + _STEP_PARTS["d_loss"]
        ),
        {"step_losses"},
    ),
    "D judges in inference mode": (
        {
            "train_step": _step()["train_step"].replace(
                "discriminator(real, training=True)", "discriminator(real)"
            )
        },
        {"step_modes"},
    ),
    "one loss for both": (
        _step(
            between="d_gradients = [a + b for a, b in zip(d_gradients, tape.gradient(g_loss, "
            "d_weights))]"
        ),
        {"step_d", "step_order"},
    ),
    "D moves twice": (
        _step(apply_d=_STEP_PARTS["apply_d"] + "\n    " + _STEP_PARTS["apply_d"]),
        {"step_d", "step_order"},
    ),
    "losses taken for each other": (
        {
            "train_step": _step()["train_step"].replace(
                "d_loss=d_loss, g_loss=g_loss", "d_loss=g_loss, g_loss=d_loss"
            )
        },
        {"step_losses"},
    ),
    "losses as numbers": (
        {
            "train_step": _step()["train_step"].replace(
                "dict(d_loss=d_loss, g_loss=g_loss)",
                "dict(d_loss=float(d_loss), g_loss=float(g_loss))",
            )
        },
        {"step_codes", "step_learns"},
    ),
    "G ascends": (
        _step(between="g_loss = -g_loss", g_loss=_STEP_PARTS["g_loss"]),
        {"step_g", "step_losses", "step_order", "step_learns"},
    ),
    "the average written into G as well": (
        _average(
            assign=_AVERAGE_PARTS["assign"] + "\n        weight.assign(mean)",
        ),
        {"average_trained"},
    ),
    "the average moves twice": (
        _average(assign=_AVERAGE_PARTS["assign"] + "\n        " + _AVERAGE_PARTS["assign"]),
        {"average_trained", "average_statistics"},
    ),
    "a fixed momentum": (
        _average(assign="mean.assign(0.99 * mean + 0.01 * weight)"),
        {"average_trained", "average_statistics"},
    ),
    "the average of the first layer": (
        _average(pairs="average.layers[0].weights, generator.layers[0].weights"),
        {"average_trained", "average_statistics"},
    ),
    "an average that nothing keeps": (
        _average(assign="mean = momentum * mean + (1 - momentum) * weight"),
        {"average_trained", "average_statistics"},
    ),
}
# The gradient is taken inside the tape: outside, a sign changes nothing.
MORE_WRONG["03_training_step"]["G ascends"] = (
    _step(apply_g="g_optimizer.apply_gradients([(-g, w) for g, w in zip(g_gradients, g_weights)])"),
    {"step_g", "step_order", "step_learns"},
)
MORE_RIGHT["03_training_step"] = {
    "one optimizer call, a generator of random numbers": _step(
        z="tf.random.get_global_generator().normal((tf.shape(real)[0], latent_dim))",
        apply_d="d_optimizer.apply(d_gradients, d_weights)",
        apply_g="g_optimizer.apply(g_gradients, discriminator and g_weights)",
    ),
    "losses by TensorFlow's cross-entropy": _step(
        d_loss="tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(real_logits), "
        "real_logits)) + tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits("
        "tf.zeros_like(fake_logits), fake_logits))",
        z="tf.random.normal([real.shape[0], latent_dim], mean=0.0, stddev=1.0, dtype=tf.float32)",
    ),
    "G moves first, from gradients of before": _step(
        between="g_gradients = tape.gradient(g_loss, g_weights)",
        apply_d=_STEP_PARTS["apply_g"],
        apply_g=_STEP_PARTS["apply_d"],
    ),
    "an average by lerp over variables": _average(
        pairs="average.variables, generator.variables",
        assign="mean.assign_add((1 - momentum) * (weight - mean))",
    ),
}

# --- 4: the frozen discriminator --------------------------------------------------------


def _unreturned():
    text = _trainers()["trainers"]
    return {"trainers": text.replace("        return loss\n", "")}


_SIGMOIDS = (
    "soft(-tf.sigmoid(discriminator(real, training=True))) + soft(tf.sigmoid(discriminator("
    "fakes, training=True)))"
)
_D_WRONG = {"d_direction", "losses_returned"}
_G_WRONG = {"g_direction", "losses_returned"}
MORE_WRONG["04_frozen_discriminator"] = {
    "fakes in inference mode": (_trainers(before_d="make = generator") | {}, set()),
    "the saturating loss": (
        _trainers(g_loss="-soft(discriminator(generator(z, training=True), training=False))"),
        _G_WRONG,
    ),
    "a sigmoid before the logits' loss": (_trainers(d_loss=_SIGMOIDS), _D_WRONG),
    "a sigmoid in G's loss": (
        _trainers(
            g_loss="soft(-tf.sigmoid(discriminator(generator(z, training=True), training=False)))"
        ),
        _G_WRONG,
    ),
    "D sees real examples alone": (
        _trainers(d_loss="soft(-discriminator(real, training=True))"),
        _D_WRONG,
    ),
    "D sees fakes alone": (
        _trainers(d_loss="soft(discriminator(fakes, training=True))"),
        _D_WRONG,
    ),
    "nothing is returned": (_unreturned(), {"losses_returned"}),
    "D's codes ignored": (
        _trainers(before_d="z = tf.random.normal(tf.shape(z))"),
        _D_WRONG,
    ),
    "G's codes ignored": (
        _trainers(before_g="z = tf.random.normal(tf.shape(z))"),
        _G_WRONG,
    ),
    "D trains in inference mode": (
        _trainers(d_loss=_TRAINERS_PARTS["d_loss"].replace("training=True", "training=False")),
        _D_WRONG,
    ),
    "squares instead of logarithms": (
        _trainers(
            d_loss="tf.reduce_mean((discriminator(real, training=True) - 1) ** 2) + "
            "tf.reduce_mean(discriminator(fakes, training=True) ** 2)"
        ),
        _D_WRONG,
    ),
    "labels of 0.9": (
        _trainers(
            d_loss=_TRAINERS_PARTS["d_loss"]
            + " + 0.1 * tf.reduce_mean(discriminator(real, training=True))"
        ),
        _D_WRONG,
    ),
    "D's update by hand": (
        _trainers(
            d_apply="for w, g in zip(weights, tape.gradient(loss, weights)):\n"
            "            w.assign_sub(0.05 * g)"
        ),
        {"optimizers_kept"},
    ),
    "D's batch norm frozen for ever": (
        _trainers(
            prepare="for layer in discriminator.layers:\n"
            "        if isinstance(layer, layers.BatchNormalization):\n"
            "            layer.trainable = False",
        ),
        {"d_moves", "d_direction", "left_trainable", "losses_returned"},
    ),
    "frozen after G, thawed before D": (
        _trainers(
            before_d="discriminator.trainable = True", before_g="discriminator.trainable = False"
        ),
        {"left_trainable"},
    ),
    "the average logit returned": (
        {
            "trainers": _trainers()["trainers"].replace(
                "return loss\n", "return tf.reduce_mean(discriminator(generator(z)))\n"
            )
        },
        {"losses_returned"},
    ),
    "D moves ten times in a turn": (
        _trainers(
            d_apply="gradients = tape.gradient(loss, weights)\n"
            "        for _ in range(10):\n"
            "            d_optimizer.apply_gradients(zip(gradients, weights))"
        ),
        {"d_direction", "optimizers_kept"},
    ),
    "a norm instead of the largest change": (
        _movement(result="float(np.sqrt(sum((c**2).sum() for c in changes)))"),
        {"movement_found", "movement_everywhere"},
    ),
    "largest changes added up": (
        _movement(result="float(sum(abs(c).max() for c in changes))"),
        {"movement_found"},
    ),
    "abs too late": (
        _movement(result="float(abs(max(c.max() for c in changes)))"),
        {"movement_found"},
    ),
    "the update twice": (
        {
            "movement": _movement()["movement"].replace(
                "    update()\n", "    update()\n    update()\n"
            )
        },
        {"movement_found", "movement_everywhere"},
    ),
    "weights that are not copied": (
        {"movement": _movement()["movement"].replace("np.array(w) for w", "w for w", 1)},
        {"movement_found", "movement_everywhere"},
    ),
    "the last weight left out": (
        _movement(weights="weights[:-1]"),
        {"movement_found", "movement_everywhere"},
    ),
    "the first layer alone": (
        _movement(weights="weights[:2]"),
        {"movement_found", "movement_everywhere"},
    ),
}
MORE_WRONG["04_frozen_discriminator"]["fakes in inference mode"] = (
    {
        "trainers": _trainers()["trainers"].replace(
            "fakes = generator(z, training=True)", "fakes = generator(z)"
        )
    },
    _D_WRONG,
)
MORE_RIGHT["04_frozen_discriminator"] = {
    "D's statistics put back": _trainers(
        before_g="kept = [np.array(w) for w in discriminator.non_trainable_variables]",
        g_loss="soft(-discriminator(generator(z, training=True), training=True))",
        after_g="for w, k in zip(discriminator.non_trainable_variables, kept):\n"
        "            w.assign(k)",
    ),
    "lists of weights taken once": _trainers(
        prepare="d_all, g_all = discriminator.trainable_variables, generator.trainable_variables",
        d_weights="d_all",
        g_weights="g_all",
    ),
    "layer by layer": _trainers(
        before_g="states = [(l, l.trainable) for l in discriminator.layers]\n"
        "        for l, _ in states:\n            l.trainable = False",
        g_loss="soft(-discriminator(generator(z, training=True), training=True))",
        after_g="for l, state in states:\n            l.trainable = state",
    ),
    "the movement of one long vector": {
        "movement": """
def movement(network, update):
    flat = lambda: np.concatenate([np.ravel(keras.ops.convert_to_numpy(w)) for w in network.weights])
    before = flat().copy()
    update()
    return np.abs(flat() - before).max()
"""
    },
    "losses as floats, D first on fakes": _trainers(
        d_loss="soft(discriminator(fakes, training=True)) + soft(-discriminator(real, training=True))"
    )
    | {},
}
_text = MORE_RIGHT["04_frozen_discriminator"]["losses as floats, D first on fakes"]
_text["trainers"] = _text["trainers"].replace("return loss\n", "return float(loss)\n")

# --- 5: diagnosis -----------------------------------------------------------------------

_NEAREST = "distances.min(1) <= radius"


def _loop(inside, count="len(centers)"):
    return {
        "modes": f"""
def good_fraction(points, centers, radius=0.3):
    away = np.linalg.norm(points[:, None] - centers[None], axis=-1)
    return float((away.min(1) <= radius).mean())

def modes_found(points, centers, radius=0.3, least=0.02):
    away = np.linalg.norm(points[:, None] - centers[None], axis=-1)
    found = 0
    for k in range({count}):
        found += ({inside}).sum() >= least * len(points)
    return int(found)
"""
    }


MORE_WRONG["05_diagnosis"] = {
    "a fixed radius for modes": (_modes(good="distances.min(1) <= 0.3"), {"modes_count"}),
    "points counted for every center": (_loop("away[:, k] <= radius"), {"modes_count"}),
    "always eight modes": (
        _loop("(away.argmin(1) == k) & (away[:, k % away.shape[1]] <= radius)", "8"),
        {"modes_count"},
    ),
    "shares that count a point twice": (
        _modes(share="(distances <= radius).sum() / len(points)"),
        {"share_good"},
    ),
    "good points by the first center": (
        _modes(share="(distances[:, 0] <= radius).mean()"),
        {"share_good"},
    ),
    "percent": (_modes(share="100 * (distances.min(1) <= radius).mean()"), {"share_good"}),
    "squares of distances": (
        _modes(share="((distances**2).min(1) <= radius).mean()"),
        {"share_good"},
    ),
    "more than the least": (_modes(enough="counts > least * len(points)"), {"modes_least"}),
    "a fixed least": (
        _modes(enough="counts >= 0.02 * len(points)"),
        {"modes_least", "modes_count"},
    ),
    "the missing modes": (
        _modes(enough="counts < least * len(points)"),
        {"modes_count", "modes_least"},
    ),
    "a least of points instead of a fraction": (
        _modes(enough="counts >= 100 * least"),
        {"modes_least", "modes_count"},
    ),
    "the largest mode": (
        {
            "modes": _modes()["modes"].replace(
                "int((counts >= least * len(points)).sum())", "int(counts.argmax())"
            )
        },
        {"modes_count", "modes_least"},
    ),
    "losses below zero are not looked at": (
        {
            "diagnose": _doctor()["diagnose"].replace(
                'abs(end["d_loss"]).max() > 50',
                'max(end["d_loss"].max(), end["g_loss"].max()) > 50',
            )
        },
        {"sees_divergence"},
    ),
    "numbers that are none are not looked at": (
        {
            "diagnose": _doctor()["diagnose"].replace(
                'not np.isfinite(end["d_loss"] + end["g_loss"]).all() or ', ""
            )
        },
        {"sees_divergence"},
    ),
    "never diverged": (_doctor(diverged="mode_collapse"), {"sees_divergence"}),
    "frozen where D moves little": (
        _doctor(frozen="end['d_movement'].max() < 1"),
        {"sees_healthy", "sees_collapse", "sees_strong_d"},
    ),
    "D too strong by its real logits": (
        _doctor(strong="end['d_real'].mean() > 0.5"),
        {"sees_healthy", "sees_collapse"},
    ),
    "health by good points alone": (_doctor(healthy="end['good'].mean() > 0.1"), {"sees_collapse"}),
    "health only of eight modes all the time": (
        _doctor(healthy="(np.array(recording['modes']) == 8).all()"),
        {"sees_healthy"},
    ),
    "names in capitals": (
        {"diagnose": _doctor()["diagnose"].replace("mode_collapse", "Mode_Collapse")},
        {"sees_collapse"},
    ),
    "waits": (_cures(strong="train_longer"), {"cure_causes"}),
    "lower rates for all": (
        _cures(strong="lower_rates", frozen="lower_rates", collapse="lower_rates"),
        {"cure_names", "cure_causes"},
    ),
}
MORE_RIGHT["05_diagnosis"] = {
    "loops over centers": _loop("(away.argmin(1) == k) & (away.min(1) <= radius)"),
    "lower rates for collapse": _cures(collapse="lower_rates"),
    "sets and counters": {
        "modes": """
from collections import Counter

def _hits(points, centers, radius):
    hits = Counter()
    for point in np.asarray(points, float):
        away = [float(np.hypot(*(point - c))) for c in np.asarray(centers, float)]
        if min(away) <= radius:
            hits[int(np.argmin(away))] += 1
    return hits

def good_fraction(points, centers, radius=0.3):
    return sum(_hits(points, centers, radius).values()) / len(points)

def modes_found(points, centers, radius=0.3, least=0.02):
    return len([k for k, n in _hits(points, centers, radius).items() if n / len(points) >= least])
"""
    },
    "a doctor in plain Python": {
        "diagnose": """
import math
import statistics

def diagnose(r):
    tail = {k: v[-12:] for k, v in r.items()}
    losses = tail["d_loss"] + tail["g_loss"]
    if any(not math.isfinite(x) or abs(x) > 30 for x in losses):
        return "diverged"
    if sum(tail["d_movement"]) == 0:
        return "d_frozen"
    if statistics.median(tail["modes"]) >= 6:
        return "healthy"
    if statistics.mean(tail["d_fake"]) < 0.05 and statistics.median(tail["g_gradient"]) < 0.15:
        return "d_too_strong"
    return "mode_collapse"
"""
    },
}
