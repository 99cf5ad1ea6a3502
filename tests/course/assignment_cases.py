"""Answers to the assignments: typical wrong ones with the tests they should lose, and right
but unusual ones that should lose none.

For each assignment: WRONG[name] = (answers, lost), RIGHT[name] = answers, where answers maps
the id of a cell to its text.
"""

WRONG, RIGHT = {}, {}

# --- 1: losses --------------------------------------------------------------------------

_D = "def discriminator_loss(real_logits, fake_logits):\n    "
_G = """
def minimax_generator_loss(fake_logits):
    return {minimax}

def generator_loss(fake_logits):
    return {other}
"""
_MINIMAX = "-tf.reduce_mean(tf.nn.softplus(fake_logits))"
_NON_SATURATING = "tf.reduce_mean(tf.nn.softplus(-fake_logits))"
_BEST = """
def optimal_discriminator(p, q):
    {best}

def value_at_optimum(p, q, dx):
    {value}
"""
_GOOD_BEST = "return np.divide(p, p + q, out=np.full(np.shape(p), 0.5), where=p + q > 0)"
_GOOD_VALUE = """from scipy.special import xlogy
    best = optimal_discriminator(p, q)
    return float((xlogy(p, best) + xlogy(q, 1 - best)).sum() * dx)"""

WRONG["01_losses"] = {
    "signs of D's loss swapped": (
        {
            "discriminator_loss": _D
            + "return tf.reduce_mean(tf.nn.softplus(real_logits) + tf.nn.softplus(-fake_logits))"
        },
        {"d_value", "d_signs", "d_stable"},
    ),
    "sigmoid applied twice": (
        {
            "discriminator_loss": _D
            + "real, fake = tf.sigmoid(real_logits), tf.sigmoid(fake_logits)\n"
            "    return tf.reduce_mean(tf.nn.softplus(-real) + tf.nn.softplus(fake))"
        },
        {"d_value", "d_stable"},
    ),
    "from_logits forgotten": (
        {
            "discriminator_loss": _D
            + "import keras\n    entropy = keras.losses.BinaryCrossentropy()\n"
            "    return entropy(tf.ones_like(real_logits), real_logits) + entropy("
            "tf.zeros_like(fake_logits), fake_logits)"
        },
        {"d_value", "d_signs", "d_stable"},
    ),
    "a sum instead of a mean": (
        {
            "discriminator_loss": _D
            + "return tf.reduce_sum(tf.nn.softplus(-real_logits) + tf.nn.softplus(fake_logits))"
        },
        {"d_mean"},
    ),
    "the textbook's logarithms": (
        {
            "discriminator_loss": _D
            + "return -tf.reduce_mean(tf.math.log(tf.sigmoid(real_logits)) + tf.math.log("
            "1 - tf.sigmoid(fake_logits)))"
        },
        {"d_stable"},
    ),
    "logarithms made finite by a small number": (
        {
            "discriminator_loss": _D
            + "return -tf.reduce_mean(tf.math.log(tf.sigmoid(real_logits) + 1e-7) + tf.math.log("
            "1 - tf.sigmoid(fake_logits) + 1e-7))"
        },
        {"d_stable"},
    ),
    "the loss as a number without gradient": (
        {
            "discriminator_loss": _D + "return float(tf.reduce_mean(tf.nn.softplus(-real_logits))"
            " + tf.reduce_mean(tf.nn.softplus(fake_logits)))"
        },
        {"d_signs", "d_stable"},
    ),
    "G's loss of the wrong sign": (
        {"generator_losses": _G.format(minimax=_MINIMAX, other=_MINIMAX[1:])},
        {"g_value", "g_stable"},
    ),
    "G's losses taken for each other": (
        {"generator_losses": _G.format(minimax=_NON_SATURATING, other=_MINIMAX)},
        {"g_value", "g_minimax", "g_stable"},
    ),
    "slopes taken for each other": (
        {
            "slopes": "def slopes(l):\n    s = 1 / (1 + np.exp(-np.asarray(l)))\n"
            "    return s - 1, -s"
        },
        {"slope_minimax", "slope_non_saturating"},
    ),
    "one slope of the wrong sign": (
        {
            "slopes": "def slopes(l):\n    s = 1 / (1 + np.exp(-np.asarray(l)))\n"
            "    return -s, 1 - s"
        },
        {"slope_non_saturating"},
    ),
    "hinge without its margin": (
        {
            "hinge": "def hinge_losses(r, f):\n"
            "    return tf.reduce_mean(tf.nn.relu(-r) + tf.nn.relu(f)), -tf.reduce_mean(f)"
        },
        {"hinge_d"},
    ),
    "G's hinge loss of the wrong sign": (
        {
            "hinge": "def hinge_losses(r, f):\n"
            "    return tf.reduce_mean(tf.nn.relu(1 - r) + tf.nn.relu(1 + f)), tf.reduce_mean(f)"
        },
        {"hinge_g"},
    ),
    "D* for fakes": (
        {
            "optimum": _BEST.format(
                best=_GOOD_BEST.replace("np.divide(p,", "np.divide(q,"), value=_GOOD_VALUE
            )
        },
        {"optimum_shape", "optimum_empty", "optimum_value"},
    ),
    "division by nothing": (
        {"optimum": _BEST.format(best="return p / (p + q)", value=_GOOD_VALUE)},
        {"optimum_empty", "optimum_value"},
    ),
    "the grid's spacing forgotten": (
        {"optimum": _BEST.format(best=_GOOD_BEST, value=_GOOD_VALUE.replace(" * dx", ""))},
        {"optimum_value"},
    ),
}
RIGHT["01_losses"] = {
    "Keras' cross-entropy": {
        "discriminator_loss": "import keras\n"
        "entropy = keras.losses.BinaryCrossentropy(from_logits=True)\n" + _D + "real = entropy("
        "tf.ones_like(real_logits), real_logits)\n"
        "    return real + entropy(tf.zeros_like(fake_logits), fake_logits)",
        "generator_losses": _G.format(
            minimax="-entropy(tf.zeros_like(fake_logits), fake_logits)",
            other="entropy(tf.ones_like(fake_logits), fake_logits)",
        ),
    },
    "log_sigmoid and keras.ops": {
        "discriminator_loss": "from keras import ops\n"
        + _D
        + "return -ops.mean(ops.log_sigmoid(real_logits) + ops.log_sigmoid(-fake_logits))",
        "generator_losses": _G.format(
            minimax="tf.reduce_mean(tf.math.log_sigmoid(-fake_logits))",
            other="-tf.reduce_mean(tf.math.log_sigmoid(fake_logits))",
        ),
        "slopes": "from scipy.special import expit\n"
        "def slopes(logits):\n    return -expit(logits), -expit(-np.asarray(logits))",
    },
    "maxima and absolute values, lists, loops": {
        "discriminator_loss": "def soft(l):\n"
        "    return tf.maximum(l, 0.0) + tf.math.log1p(tf.exp(-tf.abs(l)))\n"
        + _D
        + "n = tf.cast(tf.shape(real_logits)[0], tf.float32)\n"
        "    return (tf.reduce_sum(soft(-real_logits)) + tf.reduce_sum(soft(fake_logits))) / n",
        "hinge": "def hinge_losses(r, f):\n"
        "    return tf.reduce_mean(tf.maximum(0.0, 1 - r)) + tf.reduce_mean(\n"
        "        tf.maximum(0.0, 1 + f)), tf.reduce_mean(-f)",
        "optimum": _BEST.format(
            best="return np.array([a / (a + b) if a + b else 0.5 for a, b in zip(p, q)])",
            value="""total = 0.0
    for a, b, d in zip(p, q, optimal_discriminator(p, q)):
        total += a * np.log(d) if a else 0
        total += b * np.log(1 - d) if b else 0
    return total * dx""",
        ),
    },
}

# --- 2: networks ------------------------------------------------------------------------

_COUNTS = """
def doublings(size, start=4):
    from math import log2
    if {refused}:
        raise ValueError("%d cannot be reached from %d by doublings" % (size, start))
    return {steps}

def block_parameters(kernel_size, channels_in, channels_out):
    weights = kernel_size * kernel_size * channels_in * channels_out
    return weights + 2 * channels_out, weights + {all} * channels_out
"""
_GENERATOR = """
def build_generator(size, channels, latent_dim):
    init = lambda: keras.initializers.RandomNormal(0, {init})
    steps = doublings({size})
    width = 8 * 2**steps
    model = keras.Sequential([keras.Input((latent_dim,)),
        layers.Dense(16 * width, kernel_initializer=init()), layers.Reshape((4, 4, width))])
    {norm}
    model.add(layers.ReLU())
    for step in range(steps - 1):
        width //= 2
        model.add(layers.Conv2DTranspose(width, {kernel}, 2, "same", kernel_initializer=init()))
        {norm}
        model.add(layers.ReLU())
    model.add(layers.Conv2DTranspose(channels, {kernel}, 2, "same", kernel_initializer=init()))
    {end}
    model.add(layers.Activation({tanh}))
    return model
"""
_G_PARTS = dict(
    init="0.02",
    size="size",
    norm="model.add(layers.BatchNormalization())",
    kernel="4",
    end="",
    tanh="'tanh'",
)
_DISCRIMINATOR = """
def build_discriminator(size, channels):
    init = lambda: keras.initializers.RandomNormal(0, {init})
    model = keras.Sequential([keras.Input((size, size, channels))])
    {start}
    width = 16
    for step in range(doublings(size)):
        {down}
        if step:
            model.add(layers.BatchNormalization())
        model.add({activation})
        width *= 2
    model.add(layers.Flatten())
    model.add(layers.Dense({units}, activation={end}, kernel_initializer=init()))
    return model
"""
_D_PARTS = dict(
    init="0.02",
    start="",
    down="model.add(layers.Conv2D(width, 4, 2, 'same', kernel_initializer=init()))",
    activation="layers.LeakyReLU(negative_slope=0.2)",
    units="1",
    end="None",
)


def _counts(**changes):
    parts = dict(
        refused="size < start or size % start or log2(size // start) % 1",
        steps="int(log2(size // start))",
        all=4,
    )
    return {"counts": _COUNTS.format(**parts | changes)}


def _generator(**changes):
    return {"build_generator": _GENERATOR.format(**_G_PARTS | changes)}


def _discriminator(**changes):
    return {"build_discriminator": _DISCRIMINATOR.format(**_D_PARTS | changes)}


WRONG["02_networks"] = {
    "doublings rounded": (
        _counts(refused="size < 1"),
        {"count_doublings"},
    ),
    "moving statistics forgotten": (
        _counts(all=2),
        {"count_parameters"},
    ),
    "a sigmoid at G's end": (_generator(tanh="'sigmoid'"), {"g_range"}),
    "no tanh": (_generator(tanh="'linear'"), {"g_range"}),
    "batch norm at G's output": (_generator(end=_G_PARTS["norm"]), {"g_batch_norm"}),
    "no batch norm in G": (_generator(norm=""), {"g_batch_norm"}),
    "a spread of 0.2 in G": (_generator(init="0.2"), {"g_init"}),
    "kernels of 5 in G": (_generator(kernel="5"), {"g_coverage"}),
    "always 32 pixels": (_generator(size="32"), {"g_shape"}),
    "a sigmoid in D": (_discriminator(end="'sigmoid'"), {"d_logits"}),
    "batch norm on D's input": (
        _discriminator(start="model.add(layers.BatchNormalization())"),
        {"d_input"},
    ),
    "ReLU in D": (_discriminator(activation="layers.ReLU()"), {"d_leaky"}),
    "two numbers for each image": (_discriminator(units="2"), {"d_shape"}),
    "pooling in D": (
        _discriminator(
            down="model.add(layers.Conv2D(width, 3, 1, 'same', kernel_initializer=init()))\n"
            "        model.add(layers.MaxPooling2D())"
        ),
        {"d_strides"},
    ),
    "a spread of 0.05 in D": (_discriminator(init="0.05"), {"d_init"}),
}  # fmt: skip
RIGHT["02_networks"] = {
    "sizes grown by repetition": {
        "build_generator": """
def build_generator(size, channels, latent_dim):
    init = keras.initializers.RandomNormal(stddev=0.02)
    x = inputs = keras.Input((latent_dim,))
    x = layers.Dense(4 * 4 * 64, kernel_initializer=init)(x)
    x = layers.Reshape((4, 4, 64))(layers.BatchNormalization()(x))
    x = keras.activations.relu(x)
    for _ in range(doublings(size)):
        x = layers.UpSampling2D()(x)
        x = layers.Conv2D(32, 3, padding="same", kernel_initializer=init)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(channels, 3, padding="same", kernel_initializer=init)(x)
    return keras.Model(inputs, keras.ops.tanh(x))
"""
    },
    "batch norm from D's first block on, a bias everywhere": {
        "build_discriminator": """
def build_discriminator(size, channels):
    init = keras.initializers.RandomNormal(stddev=0.02)
    x = inputs = keras.Input((size, size, channels))
    while x.shape[1] > 4:
        x = layers.Conv2D(48, 5, strides=2, padding="same", kernel_initializer=init)(x)
        x = layers.BatchNormalization()(x)
        x = keras.activations.leaky_relu(x, negative_slope=0.2)
    return keras.Model(inputs, layers.Dense(1, kernel_initializer=init)(layers.Flatten()(x)))
"""
    },
    "models inside models, other words": {
        **_counts(steps="(size // start).bit_length() - 1"),
        "build_generator": """
def up(width, last=False):
    made = layers.Conv2DTranspose(width, 2, 2, kernel_initializer=keras.initializers.RandomNormal(
        0.0, 0.02), use_bias=last)
    return [made] if last else [made, layers.BatchNormalization(), layers.ReLU()]

def build_generator(size, channels, latent_dim):
    init = keras.initializers.RandomNormal(0.0, 0.02)
    root = keras.Sequential([keras.Input((latent_dim,)), layers.Dense(1024, kernel_initializer=init),
        layers.Reshape((4, 4, 64)), layers.BatchNormalization(), layers.ReLU()])
    body = [part for _ in range(doublings(size) - 1) for part in up(40)]
    head = keras.Sequential([*up(channels, last=True), layers.Activation("tanh", dtype="float32")])
    return keras.Sequential([root, *body, head])
""",
    },
}

# --- 3: the training step ---------------------------------------------------------------

_STEP = """
def train_step(generator, discriminator, g_optimizer, d_optimizer, real, latent_dim):
    z = {z}
    with tf.GradientTape(persistent=True) as tape:
        fakes = {fakes}
        real_logits = discriminator(real, training=True)
        fake_logits = discriminator(fakes, training=True)
        d_loss = {d_loss}
        {again}
        g_loss = {g_loss}
    d_weights, g_weights = discriminator.trainable_variables, generator.trainable_variables
    d_gradients = tape.gradient(d_loss, d_weights)
    {between}
    g_gradients = tape.gradient(g_loss, g_weights)
    {apply_d}
    {apply_g}
    return dict(d_loss=d_loss, g_loss=g_loss)
"""
_STEP_PARTS = dict(
    z="tf.random.normal((tf.shape(real)[0], latent_dim))",
    fakes="generator(z, training=True)",
    d_loss="tf.reduce_mean(tf.nn.softplus(-real_logits) + tf.nn.softplus(fake_logits))",
    again="",
    g_loss="tf.reduce_mean(tf.nn.softplus(-fake_logits))",
    between="",
    apply_d="d_optimizer.apply_gradients(zip(d_gradients, d_weights))",
    apply_g="g_optimizer.apply_gradients(zip(g_gradients, g_weights))",
)
_AVERAGE = """
def update_average(average, generator, momentum):
    for mean, weight in zip({pairs}):
        {assign}
"""
_AVERAGE_PARTS = dict(
    pairs="average.weights, generator.weights",
    assign="mean.assign(momentum * mean + (1 - momentum) * weight)",
)


def _step(**changes):
    return {"train_step": _STEP.format(**_STEP_PARTS | changes)}


def _average(**changes):
    return {"update_average": _AVERAGE.format(**_AVERAGE_PARTS | changes)}


WRONG["03_training_step"] = {
    "fakes in inference mode": (_step(fakes="generator(z)"), {"step_modes"}),
    "fakes made twice": (
        _step(
            again="fakes = generator(z, training=True)\n"
            "        fake_logits = discriminator(fakes, training=True)"
        ),
        {"step_modes"},
    ),
    "D's labels swapped": (
        _step(d_loss="tf.reduce_mean(tf.nn.softplus(real_logits) + tf.nn.softplus(-fake_logits))"),
        {"step_losses", "step_d", "step_order", "step_learns"},
    ),
    "the saturating loss for G": (
        _step(g_loss="-tf.reduce_mean(tf.nn.softplus(fake_logits))"),
        {"step_losses", "step_g", "step_order"},
    ),
    "G's loss of the wrong sign": (
        _step(g_loss="tf.reduce_mean(tf.nn.softplus(fake_logits))"),
        {"step_losses", "step_g", "step_order", "step_learns"},
    ),
    "D updated in G's step": (
        _step(
            apply_g="pairs = list(zip(g_gradients, g_weights)) + list(zip("
            "tape.gradient(g_loss, d_weights), d_weights))\n"
            "    for gradient, weight in pairs:\n"
            "        weight.assign_sub(g_optimizer.learning_rate * gradient)"
        ),
        {"step_apart", "step_order"},
    ),
    "G moved by D's optimizer": (
        _step(
            apply_d="for gradient, weight in list(zip(d_gradients, d_weights)) + list(zip("
            "g_gradients, g_weights)):\n"
            "        weight.assign_sub(d_optimizer.learning_rate * gradient)",
            apply_g="",
        ),
        {"step_g", "step_apart", "step_order", "step_learns"},
    ),
    "codes from a uniform distribution": (
        _step(z="tf.random.uniform((tf.shape(real)[0], latent_dim), -1, 1)"),
        {"step_codes"},
    ),
    "the same codes every time": (
        _step(z="tf.random.stateless_normal((tf.shape(real)[0], latent_dim), seed=(1, 2))"),
        {"step_codes"},
    ),
    "D moves before G's gradient is taken": (
        _step(
            between="d_optimizer.apply_gradients(zip(d_gradients, d_weights))\n"
            "    with tf.GradientTape(persistent=True) as tape:\n"
            "        fakes = generator(z, training=True)\n"
            "        g_loss = tf.reduce_mean(tf.nn.softplus(-discriminator(fakes, training=True)))",
            apply_d="",
        ),
        {"step_order", "step_modes", "step_losses"},
    ),
    "sums instead of means": (
        _step(
            d_loss=_STEP_PARTS["d_loss"].replace("mean", "sum"),
            g_loss=_STEP_PARTS["g_loss"].replace("mean", "sum"),
        ),
        {"step_losses", "step_d", "step_g", "step_order"},
    ),
    "the real examples forgotten": (
        _step(d_loss="tf.reduce_mean(tf.nn.softplus(fake_logits))"),
        {"step_losses", "step_d", "step_order", "step_learns"},
    ),
    "the average's momentum the wrong way round": (
        _average(assign="mean.assign((1 - momentum) * mean + momentum * weight)"),
        {"average_trained", "average_statistics"},
    ),
    "moving statistics left out of the average": (
        _average(pairs="average.trainable_variables, generator.trainable_variables"),
        {"average_statistics"},
    ),
}
RIGHT["03_training_step"] = {
    "one call of D for both": _step(
        again="logits = discriminator(tf.concat([real, fakes], 0), training=True)\n"
        "        real_logits, fake_logits = tf.split(logits, 2)\n"
        "        d_loss = tf.reduce_mean(tf.nn.softplus(-real_logits) + tf.nn.softplus("
        "fake_logits))"
    )
    | _average(assign="mean.assign_sub((1 - momentum) * (mean - weight))"),
    "a compiled function": {"train_step": "@tf.function\n" + _STEP.format(**_STEP_PARTS).strip()},
    "Keras' cross-entropy and keras.random": {
        "train_step": "entropy = keras.losses.BinaryCrossentropy(from_logits=True)\n"
        + _STEP.format(
            **_STEP_PARTS
            | dict(
                z="keras.random.normal((real.shape[0], latent_dim))",
                d_loss="entropy(tf.ones_like(real_logits), real_logits) + entropy("
                "tf.zeros_like(fake_logits), fake_logits)",
                g_loss="entropy(tf.ones_like(fake_logits), fake_logits)",
            )
        )
    },
    "the average by whole lists": {
        "update_average": "def update_average(average, generator, momentum):\n"
        "    old, new = average.get_weights(), generator.get_weights()\n"
        "    average.set_weights([momentum * a + (1 - momentum) * b for a, b in zip(old, new)])"
    },
}

# --- 4: the frozen discriminator --------------------------------------------------------

_MOVEMENT = """
def movement(network, update):
    before = [np.array(w) for w in network.{weights}]
    update()
    changes = [np.array(w) - b for w, b in zip(network.{weights}, before)]
    return {result}
"""
_MOVEMENT_PARTS = dict(weights="weights", result="float(max(abs(c).max() for c in changes))")
_TRAINERS = """
def make_trainers(generator, discriminator, g_optimizer, d_optimizer):
    soft = lambda logits: tf.reduce_mean(tf.nn.softplus(logits))
    {prepare}

    def train_d(real, z):
        {before_d}
        with tf.GradientTape() as tape:
            fakes = generator(z, training=True)
            loss = {d_loss}
        weights = {d_weights}
        {d_apply}
        {after_d}
        return loss

    def train_g(z):
        {before_g}
        with tf.GradientTape() as tape:
            loss = {g_loss}
        weights = {g_weights}
        {g_apply}
        {after_g}
        return loss

    return train_d, train_g
"""
_TRAINERS_PARTS = dict(
    prepare="",
    before_d="",
    d_loss="soft(-discriminator(real, training=True)) + soft(discriminator(fakes, training=True))",
    d_weights="discriminator.trainable_variables",
    d_apply="d_optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))",
    after_d="",
    before_g="",
    g_loss="soft(-discriminator(generator(z, training=True), training=False))",
    g_weights="generator.trainable_variables",
    g_apply="g_optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))",
    after_g="",
)


def _movement(**changes):
    return {"movement": _MOVEMENT.format(**_MOVEMENT_PARTS | changes)}


def _trainers(**changes):
    return {"trainers": _TRAINERS.format(**_TRAINERS_PARTS | changes)}


WRONG["04_frozen_discriminator"] = {
    "the idiom as printed": (
        {
            "trainers": """
def make_trainers(generator, discriminator, g_optimizer, d_optimizer):
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    discriminator.compile(d_optimizer, entropy)
    discriminator.trainable = False
    combined = keras.Sequential([generator, discriminator])
    combined.compile(g_optimizer, entropy)

    def train_d(real, z):
        x = tf.concat([real, generator(z, training=True)], 0)
        y = tf.concat([tf.ones((len(real), 1)), tf.zeros((len(z), 1))], 0)
        return discriminator.train_on_batch(x, y)

    def train_g(z):
        return combined.train_on_batch(z, tf.ones((len(z), 1)))

    return train_d, train_g
"""
        },
        {"d_moves", "d_direction", "optimizers_kept", "losses_returned", "left_trainable"},
    ),
    "never frozen": (
        _trainers(
            g_loss="soft(-discriminator(generator(z, training=True), training=True))",
            g_weights="generator.trainable_variables + discriminator.trainable_variables",
            g_apply="""for weight, gradient in zip(weights, tape.gradient(loss, weights)):
            weight.assign_sub(0.05 * gradient)
        g_optimizer.iterations.assign_add(1)""",
        ),
        {"d_weights_stay", "d_statistics_stay"},
    ),
    "frozen for ever": (
        _trainers(before_g="discriminator.trainable = False"),
        {"d_moves", "optimizers_kept", "left_trainable"},
    ),
    "D's labels swapped": (
        _trainers(
            d_loss="soft(discriminator(real, training=True)) + soft(-discriminator("
            "fakes, training=True))"
        ),
        {"d_direction", "losses_returned"},
    ),
    "G's label swapped": (
        _trainers(g_loss="soft(discriminator(generator(z, training=True), training=False))"),
        {"g_direction", "losses_returned"},
    ),
    "a new optimizer at every turn": (
        _trainers(
            d_apply="keras.optimizers.Adam(0.01).apply_gradients(zip(tape.gradient(loss, weights),"
            " weights))",
        ),
        {"d_direction", "optimizers_kept"},
    ),
    "D's statistics run on while G trains": (
        _trainers(g_loss="soft(-discriminator(generator(z, training=True), training=True))"),
        {"d_statistics_stay"},
    ),
    "G moves when D trains": (
        _trainers(
            after_d="for weight in generator.trainable_variables:\n"
            "            weight.assign(weight * 0.999)"
        ),
        {"g_stays"},
    ),
    "fakes cut off from G": (
        _trainers(
            before_g="made = generator(z, training=True)",
            g_loss="soft(-discriminator(made, training=False))",
            g_apply="gradients = tape.gradient(loss, weights)\n"
            "        g_optimizer.apply_gradients([(g if g is not None else tf.zeros_like(w), w)"
            " for g, w in zip(gradients, weights)])",
        ),
        {"g_moves", "g_direction"},
    ),
    "the movement of what is trainable alone": (
        _movement(weights="trainable_variables"),
        {"movement_everywhere"},
    ),
    "the mean movement": (
        _movement(result="float(np.mean([abs(c).mean() for c in changes]))"),
        {"movement_found", "movement_everywhere"},
    ),
    "movement without a sign removed": (
        _movement(result="float(max(c.max() for c in changes))"),
        {"movement_found"},
    ),
}
RIGHT["04_frozen_discriminator"] = {
    "frozen in G's turn, by hand": _trainers(
        before_g="discriminator.trainable = False",
        g_loss="soft(-discriminator(generator(z, training=True), training=True))",
        after_g="discriminator.trainable = True",
    ),
    "a combined model, and Keras' cross-entropy": {
        "trainers": """
def make_trainers(generator, discriminator, g_optimizer, d_optimizer):
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    class Combined(keras.Model):
        def __init__(self):
            super().__init__()
            self.g, self.d = generator, discriminator

        def call(self, z):
            return self.d(self.g(z, training=True), training=False)

    combined = Combined()

    def train_d(real, z):
        fakes = tf.stop_gradient(generator(z, training=True))
        with tf.GradientTape() as tape:
            x = tf.concat([real, fakes], 0)
            y = tf.concat([tf.ones((len(real), 1)), tf.zeros((len(fakes), 1))], 0)
            loss = entropy(y, discriminator(x, training=True))
        gradients = tape.gradient(loss, discriminator.trainable_weights)
        d_optimizer.apply(gradients, discriminator.trainable_weights)
        return float(loss)

    def train_g(z):
        with tf.GradientTape() as tape:
            loss = entropy(tf.ones((len(z), 1)), combined(z))
        gradients = tape.gradient(loss, generator.trainable_weights)
        g_optimizer.apply(gradients, generator.trainable_weights)
        return float(loss)

    return train_d, train_g
"""
    },
    "compiled functions and a snapshot": _trainers(
        prepare="g_optimizer.build(generator.trainable_variables)\n"
        "    d_optimizer.build(discriminator.trainable_variables)"
    )
    | {
        "movement": """
def movement(network, update):
    old = network.get_weights()
    update()
    return float(np.max([np.max(np.abs(a - b)) for a, b in zip(network.get_weights(), old)]))
"""
    },
}
_compiled = RIGHT["04_frozen_discriminator"]["compiled functions and a snapshot"]
_compiled["trainers"] = _compiled["trainers"].replace(
    "    def train", "    @tf.function\n    def train"
)

# --- 5: diagnosis -----------------------------------------------------------------------

_MODES = """
def good_fraction(points, centers, radius=0.3):
    distances = np.linalg.norm(points[:, None] - centers[None], axis=-1)
    return float({share})

def modes_found(points, centers, radius=0.3, least=0.02):
    distances = np.linalg.norm(points[:, None] - centers[None], axis=-1)
    good = {good}
    counts = np.bincount(distances.argmin(1)[good], minlength=len(centers))
    return int(({enough}).sum())
"""
_MODES_PARTS = dict(
    share="(distances.min(1) <= radius).mean()",
    good="distances.min(1) <= radius",
    enough="counts >= least * len(points)",
)
_DOCTOR = """
def diagnose(recording):
    end = {{name: np.array(values[-10:], float) for name, values in recording.items()}}
    if not np.isfinite(end["d_loss"] + end["g_loss"]).all() or abs(end["d_loss"]).max() > 50:
        return "{diverged}"
    if {frozen}:
        return "d_frozen"
    if {strong}:
        return "d_too_strong"
    return "healthy" if {healthy} else "mode_collapse"
"""
_DOCTOR_PARTS = dict(
    diverged="diverged",
    frozen="(end['d_movement'] == 0).all()",
    strong="end['d_fake'].mean() < 0.02 and np.median(end['g_gradient']) < 0.2",
    healthy="end['modes'].mean() > 5.5",
)
_CURES = """
def first_cure(illness):
    return dict(mode_collapse="{collapse}", d_too_strong="{strong}", d_frozen="{frozen}",
                diverged="lower_rates")[illness]

def evidence(illness):
    return dict(mode_collapse="{modes}", d_too_strong="{slope}", d_frozen="{movement}",
                diverged="g_loss")[illness]
"""
_CURES_PARTS = dict(collapse="slower_g", strong="non_saturating", frozen="unfreeze")
_CURES_PARTS |= dict(modes="modes", slope="g_gradient", movement="d_movement")


def _modes(**changes):
    return {"modes": _MODES.format(**_MODES_PARTS | changes)}


def _doctor(**changes):
    return {"diagnose": _DOCTOR.format(**_DOCTOR_PARTS | changes)}


def _cures(**changes):
    return {"cures": _CURES.format(**_CURES_PARTS | changes)}


WRONG["05_diagnosis"] = {
    "points counted instead of their share": (
        _modes(share="(distances.min(1) <= radius).sum()"),
        {"share_good"},
    ),
    "a default radius instead of the given one": (
        _modes(share="(distances.min(1) <= 0.3).mean()"),
        {"share_good"},
    ),
    "bad points counted as found": (_modes(good="distances.min(1) >= 0"), {"modes_count"}),
    "a single point is enough": (_modes(enough="counts > 0"), {"modes_count", "modes_least"}),
    "a share of the good points": (_modes(enough="counts >= least * good.sum()"), {"modes_count", "modes_least"}),
    "everybody is healthy": (
        {"diagnose": "def diagnose(recording):\n    return 'healthy'"},
        {"sees_collapse", "sees_strong_d", "sees_frozen_d", "sees_divergence"},
    ),
    "by the loss alone": (
        {
            "diagnose": "def diagnose(recording):\n    last = recording['d_loss'][-1]\n"
            "    return 'd_too_strong' if last < 0.5 else 'healthy'"
        },
        {"sees_collapse", "sees_frozen_d", "sees_divergence"},
    ),
    "never looks at movement": (_doctor(frozen="False"), {"sees_frozen_d"}),
    "never looks at the gradient": (_doctor(strong="False"), {"sees_strong_d"}),
    "takes few modes for health": (_doctor(healthy="True"), {"sees_collapse"}),
    "a wrong word": (_doctor(diverged="divergence"), {"sees_divergence"}),
    "waits for a frozen D": (_cures(frozen="train_longer"), {"cure_names"}),
    "waits for a collapsed G": (_cures(collapse="train_longer"), {"cure_causes"}),
    "another loss for a collapsed G that has it": (
        _cures(collapse="non_saturating"),
        {"cure_causes"},
    ),
    "good points as evidence against collapse": (_cures(modes="good"), {"cure_evidence"}),
    "modes as evidence for a gradient": (_cures(slope="modes"), {"cure_evidence"}),
    "D's loss as evidence that D moves": (_cures(movement="d_loss"), {"cure_evidence"}),
    "no name for the evidence": (_cures(slope="gradient"), {"cure_evidence"}),
}  # fmt: skip
RIGHT["05_diagnosis"] = {
    "loops in plain Python": {
        "modes": """
def nearest(point, centers):
    away = [((point[0] - a) ** 2 + (point[1] - b) ** 2) ** 0.5 for a, b in centers]
    return min(away), away.index(min(away))

def good_fraction(points, centers, radius=0.3):
    return sum(nearest(p, centers)[0] <= radius for p in points) / len(points)

def modes_found(points, centers, radius=0.3, least=0.02):
    hits = [i for d, i in (nearest(p, centers) for p in points) if d <= radius]
    return sum(hits.count(i) >= least * len(points) for i in range(len(centers)))
"""
    },
    "other thresholds": _doctor(
        frozen="max(recording['d_movement']) == 0",
        strong="end['d_fake'].max() < 0.02",
        healthy="end['good'].mean() > 0.4 and np.median(end['modes']) > 4",
    ),
    "a table of cures": {
        "cures": """
CURES = [("d_frozen", "unfreeze"), ("diverged", "lower_rates"), ("mode_collapse", "slower_g"),
         ("d_too_strong", "non_saturating")]

def first_cure(illness):
    return next(cure for name, cure in CURES if name == illness)

def evidence(illness):
    watched = {"d_movement": "d_frozen", "d_loss": "diverged", "modes": "mode_collapse"}
    return {name: number for number, name in watched.items()}.get(illness, "d_fake")
"""
    },
}
