"""Train the classifiers whose features the metrics use, on real data, and store them.

    python scripts/train_extractors.py              all of them
    python scripts/train_extractors.py mnist

About two minutes each on two cores; "cifar10", which judges lesson 04's frogs, takes half an hour
of one core, keeps a checkpoint of every epoch in build/, and goes on from there. Where a data set
has no classes, as the frogs, the task makes its own labels: which way was the image rotated
(Gidaris et al. 2018, arXiv:1803.07728), and what has been done to it?
"""

import argparse
import datetime
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from dcgan_course.data.download import fill_keras_cache
from dcgan_course.data.load import load_images
from dcgan_course.data.sources import SOURCES, read_cifar10
from dcgan_course.evaluation.features import (
    WEIGHTS,
    classifier,
    residual_classifier,
    save_extractor,
)
from dcgan_course.networks import augment
from dcgan_course.networks.layers import fast_policy, in_float32
from dcgan_course.quiet import import_quietly

tf, keras = import_quietly()

NAMES = ("mnist", "fashion_mnist", "cifar10_frogs", "cifar10")
CHECKPOINTS = Path(__file__).parents[1] / "build" / "extractors"
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


def cifar10(split):
    """All of CIFAR-10, uint8: cifar10.npz in DCGAN_COURSE_DATA, or the original archive."""
    file = Path(os.environ.get("DCGAN_COURSE_DATA", "")) / "cifar10.npz"
    if file.is_file():
        with np.load(file) as arrays:
            return arrays[f"x_{split}"], arrays[f"y_{split}"].reshape(-1).astype("int64")
    fill_keras_cache(SOURCES["cifar10_frogs"], allow_download=True)
    return read_cifar10(split)


def one_cycle(step, steps, peak=4e-3, warm=0.2):
    """A learning rate that rises linearly to `peak` and falls linearly to 0."""
    done = step / steps
    return peak * max(0.0, min(done / warm, (1 - done) / (1 - warm)))


def train_judge(batch_size=128, epochs=7, seed=0):
    """Train the ten-class network: AdamW, one cycle, label smoothing, shifted and hidden parts.

    It computes in bfloat16 where the CPU does so natively, and is stored as it will be loaded.
    """
    keras.utils.set_random_seed(seed)
    images, labels = cifar10("train")
    keras.mixed_precision.set_global_policy(fast_policy())
    network = residual_classifier()
    keras.mixed_precision.set_global_policy("float32")
    optimizer = keras.optimizers.AdamW(1e-3, weight_decay=0.05, epsilon=1e-6)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(network.trainable_variables)
    entropy = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    change = augment.chain(augment.flip, augment.translate, cutout)

    @tf.function
    def step(chosen, targets, number):
        batch = change(tf.cast(chosen, tf.float32) / 127.5 - 1, [seed, number])
        with tf.GradientTape() as tape:
            logits = network(batch, training=True)[1]
            loss = entropy(tf.one_hot(targets, 10), logits)
        weights = network.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss, tf.reduce_mean(tf.cast(tf.argmax(logits, 1) == targets, tf.float32))

    done = tf.Variable(0, dtype=tf.int64)  # epochs
    spent = tf.Variable(0.0, dtype=tf.float64)  # seconds of the CPU
    state = tf.train.Checkpoint(network=network, optimizer=optimizer, done=done, spent=spent)
    keeper = tf.train.CheckpointManager(state, CHECKPOINTS / "cifar10", max_to_keep=1)
    keeper.restore_or_initialize()
    each = len(images) // batch_size
    test_images, test_labels = cifar10("test")
    test_images = test_images.astype("float32") / 127.5 - 1
    for epoch in range(int(done.numpy()), epochs):
        started, sums = time.process_time(), []
        order = np.random.default_rng([seed, epoch]).permutation(len(images))
        for index in range(each):
            chosen = order[index * batch_size :][:batch_size]
            number = epoch * each + index
            optimizer.learning_rate = one_cycle(number + 1, epochs * each)
            sums.append(step(images[chosen], labels[chosen], tf.constant(number, tf.int64)))
        spent.assign_add(time.process_time() - started)
        done.assign(epoch + 1)
        loss, accuracy = np.mean(sums, axis=0)
        tested = network.predict(test_images, batch_size=500, verbose=0)[1].argmax(1)
        tested = (tested == test_labels).mean()
        keeper.save()
        print(
            f"epoch {epoch + 1}: loss {loss:.3f}, training accuracy {accuracy:.3f}, "
            f"test {tested:.4f}, {float(spent.numpy()):.0f} CPU seconds",
            flush=True,
        )
    with in_float32():
        exact = residual_classifier()
    exact.set_weights(network.get_weights())
    path = WEIGHTS / "cifar10.npz"
    card = {
        "data": f"cifar10, {len(images)} real training images",
        "network": "residual",
        "epochs": epochs,
        "seconds": round(float(spent.numpy())),
        "date": datetime.date.today().isoformat(),
        "made_by": "scripts/train_extractors.py",
    }
    scale_images = images[:20_000].astype("float32") / 127.5 - 1
    stored = [weight.astype("float16").astype("float32") for weight in exact.get_weights()]
    exact.set_weights(stored)
    accuracy = exact.predict(test_images, batch_size=500, verbose=0)[1].argmax(1) == test_labels
    card["test_accuracy"] = round(float(accuracy.mean()), 4)
    save_extractor(path, exact, scale_images, card)
    print(f"cifar10: {card['test_accuracy']:.4f}, {path.stat().st_size / 1000:.0f} kB")


def cutout(images, seed):
    """Hide a quarter of each side: the network should not rest on one part alone."""
    return augment.cutout(images, seed, share=0.25)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES)
    for name in parser.parse_args().names:
        if name == "cifar10":
            train_judge()
        else:
            train(name)


if __name__ == "__main__":
    main()
