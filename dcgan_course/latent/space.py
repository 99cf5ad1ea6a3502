"""The latent space of a trained generator: directions, walks, neighbors, inversion.

A generator maps codes z, drawn from N(0, I), to images. It is trained without labels for the
directions in this space. This module finds the directions along which its features vary most
(Härkönen et al. 2020, "GANSpace", arXiv:2004.02546), walks between codes, and searches for the
code of a given image (inversion).
"""

import hashlib

import numpy as np

from dcgan_course.display.images import to_uint8
from dcgan_course.files import find_run

# Directions found in this session, so that a second panel for the same weights opens at once.
_FOUND = {}


class LatentError(ValueError):
    """A generator or a code that cannot be used. The message says what to give instead."""


def open_generator(path):
    """A generator from a file, or from a run's folder.

    Args:
        path: a `generator.keras`, or a folder that holds one, such as runs/02_fashion_mnist;
            see `files.find_run` for where it is looked for.

    Returns:
        A Keras model: codes (batch, latent_dim) → images (batch, height, width, channels).

    Raises:
        LatentError: no such file, or one that holds no generator.
    """
    import keras

    path = find_run(path)
    file = path / "generator.keras" if path.is_dir() else path
    if not file.is_file():
        raise LatentError(
            f"There is no {file}. A training leaves generator.keras in its folder in runs/ "
            "when it is complete: run it first."
        )
    try:
        generator = keras.saving.load_model(file, compile=False)
    except Exception as problem:
        raise LatentError(f"{file} cannot be read as a Keras model ({problem}).") from problem
    check_generator(generator)
    return generator


def check_generator(generator):
    """Raise `LatentError` unless a model maps codes to images."""
    shapes = getattr(generator, "input_shape", None), getattr(generator, "output_shape", None)
    good = all(isinstance(shape, tuple) for shape in shapes)
    if not (good and len(shapes[0]) == 2 and len(shapes[1]) == 4 and shapes[1][3] in (1, 3)):
        raise LatentError(
            "A generator maps codes (batch, latent_dim) to images (batch, height, width, 1 or 3); "
            f"this model maps {shapes[0]} to {shapes[1]}."
        )


class LatentSpace:
    """A generator and the directions in which it varies most.

    Args:
        generator: a Keras model: codes (batch, latent_dim) → images in [−1, 1].
        count: how many directions to find, at most `latent_dim`.
        seed: of the codes from which they are found.

    Attributes:
        latent_dim: numbers in a code.
        directions: float32 (count, latent_dim). Were the features linear in z, one step
            along a direction would move them by one standard deviation of that component.
        shares: float (count,), the fraction of the features' variance along each direction.

    Raises:
        LatentError: a model that is not a generator.
    """

    def __init__(self, generator, *, count=12, seed=0):
        import tensorflow as tf

        check_generator(generator)
        self.generator = generator
        self.latent_dim = int(generator.input_shape[1])
        self._draw = tf.function(
            lambda z: generator(z, training=False),
            input_signature=[tf.TensorSpec((None, self.latent_dim), tf.float32)],
        )
        count = min(count, self.latent_dim)
        key = (_digest(generator.weights), count, seed)
        if key not in _FOUND:
            _FOUND[key] = self._find_directions(count, seed)
        self.directions, self.shares = _FOUND[key]

    def _find_directions(self, count, seed):
        import keras
        import tensorflow as tf

        # The first feature maps, in which the image's layout is decided.
        maps = next(part.output for part in self.generator.layers if len(part.output.shape) == 4)
        # Each number of a direction is an average over codes: with 2,000 of them two seeds agree
        # on the digits' first five to cosines of 0.8 to 0.9, with 10,000 to 0.98. With the
        # maps of a large network so many would take minutes.
        samples = 10_000 if np.prod(maps.shape[1:]) <= 2500 else 2000
        z = np.random.default_rng(seed).normal(size=(samples, self.latent_dim)).astype("float32")
        features = keras.Model(self.generator.inputs[0], maps)(z, training=False)
        features = tf.cast(features, tf.float32).numpy().reshape(samples, -1)
        return principal_directions(z, features, count)

    def checked(self, z):
        """Check codes and return float32 (count, latent_dim); one code may lack the first axis.

        Raises:
            LatentError: codes of another size, NaN or infinite values.
        """
        z = np.asarray(z, "float32")
        z = z[None] if z.ndim == 1 else z
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise LatentError(f"A code has {self.latent_dim} numbers; these are {z.shape}.")
        if not np.isfinite(z).all():
            raise LatentError("The code holds NaN or infinite values: draw a new one.")
        return z

    def images(self, z):
        """Generate images for codes: float32 (count, height, width, channels) in [−1, 1]."""
        return np.asarray(self._draw(self.checked(z)), "float32")

    def pixels(self, z):
        """Generate images for codes, as uint8 in 0…255."""
        return to_uint8(self.images(z))

    def moved(self, z, steps):
        """Move a code along the directions.

        Args:
            z: one code.
            steps: how far along each direction, in standard deviations; missing ones are 0.

        Returns:
            float32 (latent_dim,).
        """
        steps = np.asarray(steps, "float32")
        return self.checked(z)[0] + steps @ self.directions[: len(steps)]

    def neighbours(self, z, count=7, distance=0.5, seed=0):
        """Draw codes near z: (count, latent_dim), each at distance `distance` · √latent_dim."""
        around = np.random.default_rng(seed).normal(size=(count, self.latent_dim))
        around *= np.sqrt(self.latent_dim) / np.linalg.norm(around, axis=1, keepdims=True)
        return self.checked(z) + (distance * around).astype("float32")

    def invert(self, image, *, starts=8, steps=200, rate=0.05, seed=0, progress=None):
        """Find the code whose image is nearest to a given one, by gradient descent on z.

        Minimizes the mean squared difference of pixels plus a small weight on ‖z‖², from
        several starts at once, and keeps the best. An image that G cannot draw has no code; then
        the result is the code of the most similar image that the search has found.

        Args:
            image: float (height, width, channels) in [−1, 1].
            starts: random codes to start from.
            steps, rate: of Adam.
            seed: of the starts.
            progress: called with (steps done, steps in all).

        Returns:
            `(z, error)`: float32 (latent_dim,), and the mean squared difference of its image.

        Raises:
            LatentError: an image of another shape.
        """
        import keras
        import tensorflow as tf

        image = np.asarray(image, "float32")
        if image.shape != tuple(self.generator.output_shape[1:]):
            raise LatentError(
                f"G draws images of shape {self.generator.output_shape[1:]}, "
                f"this one has {image.shape}."
            )
        rng = np.random.default_rng(seed)
        z = tf.Variable(rng.normal(size=(starts, self.latent_dim)).astype("float32"))
        optimizer = keras.optimizers.Adam(rate)
        optimizer.build([z])

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                drawn = tf.cast(self.generator(z, training=False), tf.float32)
                error = tf.reduce_mean(tf.square(drawn - image), axis=[1, 2, 3])
                # A code far from the origin is one that G has never been trained on.
                total = tf.reduce_sum(error + 1e-3 * tf.reduce_mean(tf.square(z), axis=1))
            optimizer.apply(tape.gradient(total, [z]), [z])
            return error

        for index in range(steps):
            step()
            if progress:
                progress(index + 1, steps)
        errors = np.mean((self.images(z.numpy()) - image) ** 2, axis=(1, 2, 3))
        best = int(errors.argmin())
        return z.numpy()[best], float(errors[best])


def _digest(weights):
    """Hash the weights of a network."""
    digest = hashlib.sha256()
    for weight in weights:
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def principal_directions(z, features, count):
    """Find the directions in latent space along which features vary most.

    Computes the principal components of the features, and for each component the direction in
    latent space that predicts it best, by least squares.

    Args:
        z: (samples, latent_dim), codes from N(0, I).
        features: (samples, numbers), for each code.
        count: number of directions.

    Returns:
        `(directions, shares)`: float32 (count, latent_dim), a step along one moving its
        component by one standard deviation; and the fraction of the variance that each explains.
    """
    centred = features - features.mean(axis=0)
    # The covariance matrix of the features and the Gram matrix of the samples have the same
    # nonzero eigenvalues, so decompose the smaller one.
    by_features = centred.shape[1] <= len(z)
    square = centred.T @ centred if by_features else centred @ centred.T
    values, vectors = np.linalg.eigh(square)
    order = np.argsort(values)[::-1][:count]
    coordinates = centred @ vectors[:, order] if by_features else vectors[:, order]
    coordinates = coordinates / coordinates.std(axis=0).clip(1e-12)  # each of variance 1
    directions = np.linalg.lstsq(coordinates, z - z.mean(axis=0), rcond=None)[0]
    # The sign of a component is arbitrary: make the largest number of a direction positive.
    largest = np.take_along_axis(directions, np.abs(directions).argmax(1)[:, None], axis=1)
    directions *= np.sign(largest)
    return directions.astype("float32"), values[order] / values.clip(0).sum()


def linear(a, b, count):
    """Interpolate `count` codes from a to b on a straight line: (count, latent_dim).

    In the middle of the line codes are shorter than random ones, by up to a factor of √2, and G
    has hardly been trained on such codes.
    """
    share = np.linspace(0, 1, count, dtype="float32")[:, None]
    return (1 - share) * np.asarray(a, "float32") + share * np.asarray(b, "float32")


def spherical(a, b, count):
    """Interpolate `count` codes from a to b on an arc: (count, latent_dim).

    The length changes evenly from that of a to that of b.
    Codes from N(0, I) in many dimensions nearly all have the length √latent_dim: they lie on
    a shell, and the arc stays on it (White 2016, arXiv:1609.04468).
    """
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if min(lengths) == 0:
        return linear(a, b, count)
    cosine = np.clip(a @ b / (lengths[0] * lengths[1]), -1, 1)
    angle = np.arccos(cosine)
    if np.sin(angle) < 1e-6:  # the same or opposite directions, which define no unique arc
        return linear(a, b, count)
    share = np.linspace(0, 1, count)[:, None]
    arc = np.sin((1 - share) * angle) * a / lengths[0] + np.sin(share * angle) * b / lengths[1]
    length = (1 - share) * lengths[0] + share * lengths[1]
    return (arc / np.sin(angle) * length).astype("float32")


def truncated(z, strength):
    """Move codes toward the origin: ψ z, with ψ in [0, 1].

    Samples get more realistic and less varied, the closer the codes are to the origin: the
    "truncation trick" of Brock et al. 2019, "BigGAN" (arXiv:1809.11096), in its simplest form.
    """
    if not 0 <= strength <= 1:
        raise LatentError(f"The strength ψ lies in [0, 1]; {strength} does not.")
    return np.float32(strength) * np.asarray(z, "float32")


def without_and_with(kept, without, with_):
    """Compute kept − mean(without) + mean(with_), arithmetic with codes.

    Use several codes for each mean: a single code also carries features other than the one you
    want (Radford et al. 2016, arXiv:1511.06434, figure 7, averaged three).
    """
    take, add = (
        np.atleast_2d(np.asarray(part, "float32")).mean(axis=0) for part in (without, with_)
    )
    return np.asarray(kept, "float32") - take + add
