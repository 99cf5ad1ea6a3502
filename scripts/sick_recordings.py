"""Records the small GANs, healthy and made ill, that assignment 5 asks students to diagnose.

    python scripts/sick_recordings.py

Writes recordings.json (what students get) and hidden_recordings.json (what their doctor is
tried on, by several recipes for each illness), both in assignments/source/05_diagnosis. Five
minutes on two cores.
"""

import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dcgan_course.quiet import import_quietly

import_quietly()

import keras
import tensorflow as tf
from tqdm import tqdm

from dcgan_course.networks.losses import discriminator_loss, generator_loss
from dcgan_course.training.games import RingGame
from dcgan_course.training.toys import small_network

STEPS, EVERY = 3000, 50
VISIBLE, HIDDEN, HIDDEN_OTHERS = 2, 6, 2
# The first recipe of each kind is what students see; the others are in the hidden runs alone.
KINDS = {
    "healthy": [{}, dict(loss="hinge"), dict(g_rate=5e-4, d_rate=5e-4)],
    # G runs ahead of D: it jumps to whatever D likes at the moment.
    "mode_collapse": [dict(g_rate=1e-2), dict(g_rate=1e-2, d_rate=5e-4)],
    # D has had a long start, and the minimax loss is flat where D is sure. G takes plain
    # gradient steps: Adam would divide the small gradient by its own size.
    "d_too_strong": [
        dict(loss="minimax", start_of_d=1000, d_rate=3e-3, g_plain=True),
        dict(loss="minimax", start_of_d=2000, d_rate=1e-3, g_plain=True),
    ],
    "d_frozen": [dict(d_rate=0.0), dict(d_rate=0.0, g_rate=1e-2)],
    # Nothing bounds D's slope here, and the steps are huge.
    "diverged": [
        dict(loss="wasserstein", g_rate=0.1, d_rate=0.1),
        dict(loss="wasserstein", g_rate=0.03, d_rate=0.3),
    ],
}


def record(
    seed,
    *,
    loss="non_saturating",
    g_rate=1e-3,
    d_rate=1e-3,
    start_of_d=0,
    g_plain=False,
):
    """Train on the ring and take numbers every `EVERY` steps: a dictionary of lists."""
    keras.utils.set_random_seed(seed)
    game = RingGame()
    generator = small_network(game.latent_dim, game.dim, 64, 2, name="generator")
    discriminator = small_network(game.dim, 1, 64, 2, name="discriminator")
    g_optimizer, d_optimizer = (keras.optimizers.Adam(r, beta_1=0.5) for r in (g_rate, d_rate))
    if g_plain:
        g_optimizer = keras.optimizers.SGD(g_rate)
    g_optimizer.build(generator.trainable_variables)
    d_optimizer.build(discriminator.trainable_variables)

    def step(g_moves):
        x, z = game.real(256), tf.random.normal((256, game.latent_dim))
        with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
            real_logits, fake_logits = discriminator(x), discriminator(generator(z))
            d_loss = discriminator_loss(real_logits, fake_logits, loss)
            g_loss = generator_loss(fake_logits, loss)
        d_weights, g_weights = discriminator.trainable_variables, generator.trainable_variables
        d_gradients = d_tape.gradient(d_loss, d_weights)
        g_gradients = g_tape.gradient(g_loss, g_weights)
        before = [tf.identity(w) for w in d_weights]
        d_optimizer.apply(d_gradients, d_weights)
        if g_moves:
            g_optimizer.apply(g_gradients, g_weights)
        moved = [tf.reduce_max(tf.abs(w - old)) for w, old in zip(d_weights, before, strict=True)]
        return {
            "d_loss": d_loss,
            "g_loss": g_loss,
            "d_real": tf.reduce_mean(tf.sigmoid(real_logits)),
            "d_fake": tf.reduce_mean(tf.sigmoid(fake_logits)),
            "g_gradient": tf.linalg.global_norm(g_gradients),
            "d_movement": tf.reduce_max(tf.stack(moved)),
        }

    @tf.function
    def steps(count, g_moves):
        for _ in tf.range(count - 1):
            step(g_moves)
        return step(g_moves)

    if start_of_d:
        steps(tf.constant(start_of_d), False)
    run = {}
    for _ in range(STEPS // EVERY):
        numbers = {name: float(value) for name, value in steps(tf.constant(EVERY), True).items()}
        points = generator(tf.random.normal((500, game.latent_dim))).numpy()
        numbers["modes"], numbers["good"] = game.modes_covered(np.nan_to_num(points, nan=99.0))
        for name, value in numbers.items():
            run.setdefault(name, []).append(float(f"{value:.4g}"))
    return run


def main():
    folder = ROOT / "assignments" / "source" / "05_diagnosis"
    runs = {}
    for kind, recipes in tqdm(KINDS.items(), unit="kind"):
        runs[kind] = []
        for number, settings in enumerate(recipes):
            count = HIDDEN_OTHERS if number else VISIBLE + HIDDEN
            runs[kind] += [record(100 * number + seed, **settings) for seed in range(1, 1 + count)]
        last = [
            {name: float(np.mean(values[-10:])) for name, values in run.items()}
            for run in runs[kind]
        ]
        for numbers in last:
            said = "  ".join(f"{name} {value:.3g}" for name, value in numbers.items())
            tqdm.write(f"{kind:<14} {said}")
    for file, part in (
        ("recordings.json", slice(None, VISIBLE)),
        ("hidden_recordings.json", slice(VISIBLE, None)),
    ):
        text = json.dumps({kind: every[part] for kind, every in runs.items()})
        (folder / file).write_text(text + "\n", encoding="utf-8")
        print(f"{file}: {len(text) // 1000} kB")


if __name__ == "__main__":
    main()
