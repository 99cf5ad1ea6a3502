"""What came after DCGAN: five models, the same images, the same CPU time, the same measures.

    python benchmarks/rivals.py                         all models, three seeds
    python benchmarks/rivals.py --models DCGAN VAE --seconds 60 --seeds 1
    python benchmarks/rivals.py --table                 what the results say

Fashion-MNIST. Rows go to results/rivals.csv; those that are there are not computed again. The
results that lie there were computed with one thread: TF_NUM_INTRAOP_THREADS=1.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from scoring import append, read, train_for

from dcgan_course.machine import print_every_character
from dcgan_course.quiet import import_quietly

FILE = Path(__file__).parent / "results" / "rivals.csv"
FIELDS = (
    *("model", "seed", "seconds", "steps", "frechet", "precision", "recall", "density"),
    *("coverage", "ms_per_sample", "parameters"),
)
DATA, LATENT, SAMPLES = "fashion_mnist", 64, 5000
MODELS = ("DCGAN", "WGAN-GP", "relativistic GAN", "VAE")
MODELS += ("diffusion, 50 steps", "diffusion, 10 steps")


def build(model, seed):
    """A compiled model, and its batch size.

    The settings are the best of three to six that were tried, for up to 60 seconds with one
    seed: learning rates, batch sizes, γ, how many updates of the critic, the VAE's noise. The DCGAN
    is lesson 02's.
    """
    import keras
    from keras import layers

    from dcgan_course import (
        VAE,
        WGANGP,
        Diffusion,
        RelativisticGAN,
        dcgan_discriminator,
        plain_generator,
        small_unet,
    )
    from dcgan_course.training.recipes import RECIPES, lean_generator

    adam = keras.optimizers.Adam
    if model == "DCGAN":
        return RECIPES["02 laptop"].build(seed), 64
    keras.utils.set_random_seed(seed)
    if model == "VAE":
        encoder = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                *dcgan_discriminator(widths=(32, 64), batch_norm=False).layers[:-1],
                layers.Dense(512),
                layers.LeakyReLU(negative_slope=0.2),
                layers.Dense(2 * LATENT),
            ]
        )
        made = VAE(encoder, lean_generator(), noise=0.3, seed=seed)
        made.compile(adam(1e-3))
        return made, 64
    if model.startswith("diffusion"):
        made = Diffusion(small_unet(), average=0.998, seed=seed)
        made.compile(adam(2e-3))
        return made, 16
    d = dcgan_discriminator(widths=(32, 64), hidden=512, batch_norm=False)
    if model == "WGAN-GP":
        made = WGANGP(lean_generator(), d, critic_steps=3, seed=seed, average=0.998)
        made.compile(adam(1e-3, 0.0, 0.9), adam(1e-3, 0.0, 0.9))
        return made, 3 * 16
    made = RelativisticGAN(plain_generator(), d, gamma=1.0, seed=seed, average=0.998)
    made.compile(adam(2e-3, 0.0, 0.99), adam(2e-3, 0.0, 0.99))
    return made, 32


def train(model, images, batch_size, seconds, seed):
    """Train for so many seconds of CPU time. Returns the steps; the first, which compiles, is free.

    An averaged generator gets batch norm statistics of its own at the end.
    """
    import tensorflow as tf

    from dcgan_course import DCGAN, make_dataset, standing_statistics

    batches = iter(make_dataset(images, batch_size, seed=seed))
    step = tf.function(model.train_step)
    steps = train_for(step, batches, seconds)
    if isinstance(model, DCGAN):
        codes = model.sample_codes(1024, seed)
        standing_statistics(model.sampler, codes, like=model.generator)
    return steps


def draw(name, model, count):
    """So many samples, float32 (count, 28, 28, 1), a hundred at a time."""
    rng = np.random.default_rng(0)
    parts = []
    for start in range(0, count, 100):
        if name.startswith("diffusion"):
            steps = int(name.split()[1])
            parts.append(model.sample(100, steps=steps, seed=start))
        else:
            parts.append(model.sample(rng.standard_normal((100, LATENT), "float32")))
    return np.concatenate(parts)[:count]


def measure(name, seed, seconds, data):
    """Train one model and score it. "diffusion, 10 steps" is the 50-step model, drawn sooner."""
    from dcgan_course.evaluation.metrics import evaluate

    images, test, extractor = data
    model, batch_size = build(name, seed)
    steps = train(model, images, batch_size, seconds, seed)
    names = [n for n in MODELS if n.startswith("diffusion")] if "diffusion" in name else [name]
    for each in names:
        fakes = draw(each, model, SAMPLES)
        scores = evaluate(test.images[:SAMPLES], fakes, extractor)
        started = time.process_time()
        draw(each, model, 100)
        per_sample = 10.0 * (time.process_time() - started)
        row = dict(model=each, seed=seed, seconds=seconds, steps=steps)
        row |= {key: float(scores[key]) for key in FIELDS[4:9]}
        append(
            FILE,
            FIELDS,
            {**row, "ms_per_sample": per_sample, "parameters": count_parameters(model)},
        )


def count_parameters(model):
    """Numbers in the network that draws."""
    network = getattr(model, "sampler", None) or model.decoder
    return int(network.count_params())


def markdown(rows):
    """A table: medians over the seeds, with the smallest and the largest.

    Args:
        rows: of the results file, for one number of seconds.
    """
    heads = ("Fréchet", "precision", "recall", "CPU ms per sample")
    lines = [f"| model | steps | {' | '.join(heads)} |", "|---" * 6 + "|"]
    for model in MODELS:
        mine = [row for row in rows if row["model"] == model]
        if mine:
            steps = np.median([int(row["steps"]) for row in mine])
            cells = [f"{model} | {steps:,.0f}"]
            for name in ("frechet", "precision", "recall", "ms_per_sample"):
                values = sorted(float(row[name]) for row in mine)
                cells.append(f"{np.median(values):.2f} ({values[0]:.2f}–{values[-1]:.2f})")
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def table():
    """What the results say, for each number of seconds."""
    rows = read(FILE)
    for seconds in sorted({int(row["seconds"]) for row in rows}):
        mine = [row for row in rows if int(row["seconds"]) == seconds]
        seeds = len({row["seed"] for row in mine})
        print(f"{seconds} s of CPU time, seeds: {seeds}\n\n{markdown(mine)}\n")


def main():
    print_every_character()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="*", default=list(MODELS[:-1]), choices=MODELS[:-1])
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--seconds", type=int, default=90, help="of CPU time for each training")
    parser.add_argument("--table", action="store_true", help="train nothing")
    options = parser.parse_args()
    if not options.table:
        import_quietly()
        from dcgan_course import load_extractor, load_images

        data = (load_images(DATA).images, load_images(DATA, "test"), load_extractor(DATA))
        if data[1].source != "real":
            raise SystemExit("The benchmark needs the real images. See the message above.")
        done = {(row["model"], row["seed"], row["seconds"]) for row in read(FILE)}
        for seed in options.seeds:
            for name in options.models:
                if (name, str(seed), str(options.seconds)) not in done:
                    measure(name, seed, options.seconds, data)
    table()


if __name__ == "__main__":
    main()
