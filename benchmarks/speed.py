"""Ratios that need no long training: steps, arithmetic, number formats, threads.

python benchmarks/speed.py
"""

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from dcgan_course.machine import cores
from dcgan_course.quiet import import_quietly


def median_seconds(function, repeats=5):
    """Median seconds of a call."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))


def speed():
    """Ratios that need no long training: steps, arithmetic."""
    import tensorflow as tf

    from dcgan_course.networks.layers import multiplications
    from dcgan_course.training.recipes import RECIPES

    a = tf.random.normal((2048, 2048))
    product = tf.function(lambda: tf.reduce_sum(a @ a))
    product()
    rate = 2048**3 / median_seconds(product)
    print(f"matrix product: {rate / 1e9:.0f} billion multiplications a second")
    times = {}
    for name in RECIPES:
        recipe = RECIPES[name]
        gan = recipe.build(seed=1)
        shape = (recipe.batch_size, *gan.generator.output_shape[1:])
        batch = tf.random.uniform(shape, -1, 1)
        if recipe.by_class:
            batch = batch, tf.one_hot(tf.range(recipe.batch_size) % gan.classes, gan.classes)
        step = tf.function(gan.train_step)
        step(batch)
        times[name] = median_seconds(lambda step=step, batch=batch: step(batch))
        g, d = (
            sum(map(multiplications, network.layers))
            for network in (gan.generator, gan.discriminator)
        )
        # Forward, and twice that backward: G once, D on real and fake, and D's input gradient.
        work = recipe.batch_size * (3 * g + 2 * 3 * d + d)
        print(
            f"{name}: {1 / times[name]:.1f} steps a second, {recipe.batch_size / times[name]:.0f} "
            f"images, {work / times[name] / 1e9:.0f} billion multiplications a second, "
            f"{work / times[name] / rate:.0%} of the matrix product's rate"
        )
    for lesson, others in original_steps().items():
        ours, theirs = others
        ratio = np.median([median_seconds(theirs, 3) / median_seconds(ours, 3) for _ in range(5)])
        print(f"{lesson}: the original's step takes {ratio:.2f} times as long as the course's")
    format_ratio()
    thread_ratio()
    torch_ratio()
    scoring_time()


def scoring_time():
    """How long all metrics take for 10,000 images against 10,000."""
    from dcgan_course.data.drawn.digits import draw_digits
    from dcgan_course.evaluation.features import load_extractor
    from dcgan_course.evaluation.metrics import evaluate

    sets = [draw_digits(10_000, seed=seed)[0][..., None] / np.float32(127.5) - 1 for seed in (1, 2)]
    extractor = load_extractor("mnist")
    extractor.features(sets[0][:500])  # compiles
    started = time.perf_counter()
    evaluate(*sets, extractor)
    print(f"all metrics on 10,000 images of 28 × 28: {time.perf_counter() - started:.0f} seconds")


def lean_step(policy):
    """The laptop recipe's step on a random batch, as a function without arguments."""
    import keras
    import tensorflow as tf

    from dcgan_course.training.recipes import RECIPES

    keras.mixed_precision.set_global_policy(policy)
    recipe = RECIPES["03 laptop"]
    step = tf.function(recipe.build(seed=1).train_step)
    keras.mixed_precision.set_global_policy("float32")
    batch = tf.random.uniform((recipe.batch_size, 28, 28, 1), -1, 1)
    step(batch)
    return lambda: step(batch)


def format_ratio():
    """What bfloat16 brings on this processor."""
    from dcgan_course.networks.layers import fast_policy

    half, full = lean_step("mixed_bfloat16"), lean_step("float32")
    ratio = np.median([median_seconds(half) / median_seconds(full) for _ in range(5)])
    print(
        f"laptop step in mixed_bfloat16: {ratio:.2f} times the seconds of float32; "
        f"the lessons take {fast_policy()} here"
    )


def thread_ratio():
    """What the second core brings: the same step in processes with one thread and with all."""
    seconds = {
        threads: float(
            subprocess.run(
                [sys.executable, __file__, "--step", "--threads", str(threads)],
                check=True,
                capture_output=True,
                encoding="utf-8",
            ).stdout.split()[-1]
        )
        for threads in (1, cores())
    }
    alone, together = seconds[1], seconds[cores()]
    print(f"laptop step on one thread: {alone / together:.2f} times the seconds of all cores")


def original_steps():
    """Steps as the originals take them, beside the course's on the same networks."""
    import keras
    import tensorflow as tf

    from dcgan_course.networks.losses import discriminator_loss, generator_loss
    from dcgan_course.training.recipes import RECIPES

    recipe = RECIPES["02 original"]
    gan, other = recipe.build(seed=1), recipe.build(seed=1)
    batch = tf.random.uniform((recipe.batch_size, 28, 28, 1), -1, 1)
    ours = tf.function(gan.train_step)

    @tf.function
    def theirs(real):  # fakes for D in inference mode, then G once more
        z = tf.random.normal((len(batch), other.latent_dim))
        fakes = other.generator(z)
        with tf.GradientTape() as tape:
            real_logits = other.discriminator(real, training=True)
            loss = discriminator_loss(real_logits, other.discriminator(fakes, training=True))
        weights = other.discriminator.trainable_variables
        other.d_optimizer.apply(tape.gradient(loss, weights), weights)
        with tf.GradientTape() as tape:
            fakes = other.generator(z, training=True)
            loss = generator_loss(other.discriminator(fakes, training=True))
        weights = other.generator.trainable_variables
        other.g_optimizer.apply(tape.gradient(loss, weights), weights)

    pairs = {"lesson 02": (lambda: ours(batch), lambda: theirs(batch))}

    # Lesson 04's loop, on the lean networks: predict, train_on_batch, train_on_batch.
    recipe = RECIPES["02 laptop"]
    lean = recipe.build(seed=1)
    lean_step = tf.function(lean.train_step)
    generator, discriminator = recipe.generator(), recipe.discriminator()
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    discriminator.compile(keras.optimizers.RMSprop(1e-4), entropy)
    combined = keras.Sequential([generator, discriminator])
    combined.compile(keras.optimizers.RMSprop(1e-4), entropy)
    size = recipe.batch_size
    images = np.random.default_rng(0).uniform(-1, 1, (size, 28, 28, 1)).astype("float32")
    labels = np.concatenate([np.ones((size, 1)), np.zeros((size, 1))])

    rng = np.random.default_rng(1)

    def loop():
        z = rng.normal(size=(size, generator.input_shape[1]))
        fakes = generator.predict(z, verbose=0)
        discriminator.train_on_batch(np.concatenate([images, fakes]), labels)
        combined.train_on_batch(z, np.ones((size, 1)))

    loop()
    theirs(batch)
    ours(batch)
    lean_step(tf.constant(images))
    pairs["lesson 04's loop, lean networks"] = (lambda: lean_step(tf.constant(images)), loop)
    return pairs


def torch_ratio():
    """The lean step in PyTorch, where it is installed."""
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: no comparison with it.")
        return
    import tensorflow as tf
    from torch import nn

    from dcgan_course.training.recipes import RECIPES

    torch.set_num_threads(cores())
    g = nn.Sequential(
        nn.Linear(64, 512, bias=False), nn.BatchNorm1d(512), nn.ReLU(),
        nn.Linear(512, 3136, bias=False), nn.Unflatten(1, (64, 7, 7)), nn.BatchNorm2d(64),
        nn.ReLU(), nn.ConvTranspose2d(64, 32, 4, 2, 1, bias=False), nn.BatchNorm2d(32),
        nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    d = nn.Sequential(
        nn.Conv2d(1, 32, 5, 2, 2), nn.BatchNorm2d(32), nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 5, 2, 2), nn.BatchNorm2d(64), nn.LeakyReLU(0.2), nn.Flatten(),
        nn.Linear(3136, 512), nn.BatchNorm1d(512), nn.LeakyReLU(0.2), nn.Linear(512, 1),
    )  # fmt: skip
    g_optimizer, d_optimizer = (
        torch.optim.Adam(network.parameters(), 1e-3, betas=(0.5, 0.999)) for network in (g, d)
    )
    images = torch.rand(64, 1, 28, 28) * 2 - 1

    def torch_step():
        fakes = g(torch.randn(64, 64))
        real_logits, fake_logits = d(images), d(fakes)
        d_loss = (nn.functional.softplus(-real_logits) + nn.functional.softplus(fake_logits)).mean()
        g_loss = nn.functional.softplus(-fake_logits).mean()
        d_gradients = torch.autograd.grad(d_loss, list(d.parameters()), retain_graph=True)
        g_gradients = torch.autograd.grad(g_loss, list(g.parameters()))
        for network, gradients in ((d, d_gradients), (g, g_gradients)):
            for weight, gradient in zip(network.parameters(), gradients, strict=True):
                weight.grad = gradient
        d_optimizer.step()
        g_optimizer.step()

    gan = RECIPES["03 laptop"].but(average=None).build(seed=1)
    step = tf.function(gan.train_step)
    batch = tf.random.uniform((64, 28, 28, 1), -1, 1)
    step(batch)
    torch_step()
    ratio = np.median(
        [median_seconds(torch_step, 5) / median_seconds(lambda: step(batch), 5) for _ in range(5)]
    )
    print(f"lean networks in PyTorch {torch.__version__}: {ratio:.2f} times the course's seconds")


def processor():
    """The processor's name, as far as the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    return next((x.split(":")[1].strip() for x in text.splitlines() if "model name" in x), "CPU")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--step", action="store_true", help="print one step's seconds, no more")
    parser.add_argument("--threads", type=int, default=0, help="0 for all")
    options = parser.parse_args()
    # TensorFlow takes the number of its threads before it has computed anything.
    import_quietly(lambda tf: tf.config.threading.set_intra_op_parallelism_threads(options.threads))
    from dcgan_course.networks.layers import fast_policy

    if options.step:
        print(median_seconds(lean_step(fast_policy()), 25))
        return
    print(f"{processor()}, {cores()} cores, laptop recipes in {fast_policy()}")
    speed()


if __name__ == "__main__":
    main()
