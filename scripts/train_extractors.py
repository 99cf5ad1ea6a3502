"""Train the classifiers whose features the metrics use, on real data, and store them.

    python scripts/train_extractors.py              all of them
    python scripts/train_extractors.py mnist

About two minutes each on two cores.
"""

import argparse
import datetime
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dcgan_course.data import load_images
from dcgan_course.features import WEIGHTS, classifier, save_extractor
from dcgan_course.lesson import import_quietly

tf, keras = import_quietly()

NAMES = ("mnist", "fashion_mnist")


def shifted(images):
    """Images moved by up to two pixels, and some of them noisy: features should not mind."""
    height, width, channels = images.shape[1:]
    padded = tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]], constant_values=-1.0)
    moved = tf.image.random_crop(padded, [tf.shape(images)[0], height, width, channels])
    strength = tf.random.uniform([tf.shape(images)[0], 1, 1, 1], 0, 0.2)
    return moved + strength * tf.random.normal(tf.shape(images))


def train(name, epochs=4, batch_size=128, seed=0):
    keras.utils.set_random_seed(seed)
    data, test = load_images(name), load_images(name, "test")
    if data.source != "real":
        raise SystemExit(f"The extractor of {name} wants the real images. See the message above.")
    network = classifier(data.images.shape[1:], len(data.class_names))
    steps = epochs * (len(data) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    head = keras.Model(network.input, network.outputs[1])
    head.compile(keras.optimizers.Adam(rate), entropy, metrics=["accuracy"])
    batches = tf.data.Dataset.from_tensor_slices((data.images, data.labels))
    batches = batches.shuffle(len(data), seed=seed).batch(batch_size, drop_remainder=True)
    batches = batches.map(lambda x, y: (shifted(x), y)).prefetch(2)
    started = time.monotonic()
    head.fit(batches, epochs=epochs, shuffle=False, verbose=2)
    seconds = time.monotonic() - started
    accuracy = head.evaluate(test.images, test.labels, batch_size=500, verbose=0)[1]
    card = {
        "data": f"{name}, {len(data)} real training images",
        "test_accuracy": round(float(accuracy), 4),
        "epochs": epochs,
        "seconds": round(seconds),
        "date": datetime.date.today().isoformat(),
        "made_by": "scripts/train_extractors.py",
    }
    path = WEIGHTS / f"{name}.npz"
    save_extractor(path, network, data.images[:20_000], card)
    print(f"{name}: test accuracy {accuracy:.4f}, {path.stat().st_size / 1000:.0f} kB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES)
    for name in parser.parse_args().names:
        train(name)


if __name__ == "__main__":
    main()
