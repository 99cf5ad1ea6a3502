"""Train the classifiers whose features the metrics use, on real data, and store them.

    python scripts/train_extractors.py              all of them
    python scripts/train_extractors.py mnist

About two minutes each on two cores. Where a data set has no classes, as the frogs, the task is
one that makes its own labels: which way was the picture turned (Gidaris et al. 2018,
arXiv:1803.07728), and what has been done to it?
"""

import argparse
import datetime
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from dcgan_course.data.load import load_images
from dcgan_course.evaluation.features import WEIGHTS, classifier, save_extractor
from dcgan_course.quiet import import_quietly

tf, keras = import_quietly()

NAMES = ("mnist", "fashion_mnist", "cifar10_frogs")
TREATMENTS = ("left as it is", "blurred", "quarters exchanged", "mixed with another")


def shifted(images):
    """Images moved by up to two pixels, and some of them noisy: features should not mind."""
    height, width, channels = images.shape[1:]
    padded = tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]], constant_values=-1.0)
    moved = tf.image.random_crop(padded, [tf.shape(images)[0], height, width, channels])
    strength = tf.random.uniform([tf.shape(images)[0], 1, 1, 1], 0, 0.2)
    return moved + strength * tf.random.normal(tf.shape(images))


def treated(images):
    """Images → the same turned and treated at random, and which of the 16 it was.

    Who tells turned frogs apart knows where backs, bellies and the ground are; who tells the
    treatments apart knows sharp from blurred, a whole body from parts, one frog from two.
    """
    count = tf.shape(images)[0]
    images = tf.image.random_flip_left_right(images)
    turn, treatment = (tf.random.uniform([count], 0, 4, tf.int32) for _ in range(2))
    side = images.shape[1] // 2
    left, right = images[:, :, :side], images[:, :, side:]
    exchanged = tf.concat([right[:, side:], left[:, side:]], axis=2)
    exchanged = tf.concat([exchanged, tf.concat([right[:, :side], left[:, :side]], 2)], axis=1)
    choices = tf.stack(
        [
            images,
            tf.nn.avg_pool2d(
                tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC"), 3, 1, "VALID"
            ),
            exchanged,
            (images + tf.roll(images, 1, axis=0)) / 2,
        ]
    )
    images = tf.gather_nd(choices, tf.stack([treatment, tf.range(count)], axis=1))
    turned = tf.stack([tf.image.rot90(images, k) for k in range(4)])
    images = tf.gather_nd(turned, tf.stack([turn, tf.range(count)], axis=1))
    return images, 4 * treatment + turn


def train(name, batch_size=128, seed=0):
    keras.utils.set_random_seed(seed)
    data = load_images(name)
    if data.source != "real":
        raise SystemExit(f"The extractor of {name} wants the real images. See the message above.")
    has_classes = len(data.class_names) > 1
    if has_classes:
        epochs, classes, held_out = 4, len(data.class_names), load_images(name, "test")
        images, labels = data.images, data.labels
        tested = held_out.images, held_out.labels
    else:
        epochs, classes = 80, 4 * len(TREATMENTS)
        images, labels = data.images[500:], np.zeros(len(data) - 500, "int64")
        tested = treated(data.images[np.arange(4000) % 500])
    network = classifier(images.shape[1:], classes)
    steps = epochs * (len(images) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    head = keras.Model(network.input, network.outputs[1])
    head.compile(keras.optimizers.Adam(rate), entropy, metrics=["accuracy"])
    batches = tf.data.Dataset.from_tensor_slices((images, labels))
    batches = batches.shuffle(len(images), seed=seed).batch(batch_size, drop_remainder=True)
    if has_classes:
        batches = batches.map(lambda x, y: (shifted(x), y))
    else:
        batches = batches.map(lambda x, _: treated(x), num_parallel_calls=2)
    started = time.monotonic()
    head.fit(batches.prefetch(2), epochs=epochs, shuffle=False, verbose=2)
    seconds = time.monotonic() - started
    accuracy = head.evaluate(*tested, batch_size=500, verbose=0)[1]
    card = {
        "data": f"{name}, {len(images)} real training images",
        "test_accuracy": round(float(accuracy), 4),
        "epochs": epochs,
        "seconds": round(seconds),
        "date": datetime.date.today().isoformat(),
        "made_by": "scripts/train_extractors.py",
    }
    if not has_classes:
        card["task"] = f"4 turns × {len(TREATMENTS)} treatments: {', '.join(TREATMENTS)}"
    path = WEIGHTS / f"{name}.npz"
    # A detector of blur is silent on real images: their variance alone would blow it up.
    scale_images = images[:20_000] if has_classes else tested[0].numpy()
    save_extractor(path, network, scale_images, card)
    print(f"{name}: test accuracy {accuracy:.4f}, {path.stat().st_size / 1000:.0f} kB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES)
    for name in parser.parse_args().names:
        train(name)


if __name__ == "__main__":
    main()
