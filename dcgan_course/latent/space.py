"""The latent space of a trained generator: directions, walks, neighbors, inversion.

A generator maps codes z, drawn from N(0, I), to images. It is trained without labels for the
directions in this space. This module finds the directions along which its features vary most
(Härkönen et al. 2020, "GANSpace", arXiv:2004.02546), walks between codes, and searches for the
code of a given image (inversion). A generator that draws by class takes a label as well, which
none of this moves.
"""

import hashlib

import numpy as np

from dcgan_course.checks import names_of_classes, number, shown, whole_number
from dcgan_course.display.images import to_uint8
from dcgan_course.latent.errors import LatentError
from dcgan_course.latent.keras_file import check_generator
from dcgan_course.latent.light import LightGenerator

# Directions by the digest of a generator's weights: those that ship with it, and those found in
# this session, so that a second panel for the same weights opens at once.
_SHIPPED, _FOUND = {}, {}
MOST_CODES = 100_000


class LatentSpace:
    """A generator and the directions in which it varies most.

    A generator that draws by class takes [z, y], a code joined with a one-hot label. Everything
    here then concerns z alone, and the label is given beside it: a class number or name, or a
    weight for each class, such as half a 7 and half a 9.

    Args:
        generator: a Keras model: codes (batch, latent_dim) → images in [−1, 1]; or a
            `LightGenerator`.
        classes: the names of the classes that it draws by, or their number; None takes what it
            says itself, as those of a `ConditionalDCGAN` and those that ship do.
        count: how many directions to find, 1 or more; of more than `latent_dim`, so many.
        seed: of the codes from which they are found.

    Attributes:
        latent_dim: numbers in a code z, without the label.
        class_names: a tuple; empty for a generator that knows no classes.
        digest: a hash of the generator's weights.
        directions: float32 (count, latent_dim). Were the features linear in z, one step
            along a direction would move them by one standard deviation of that component. By
            class, the features are those within the classes, all taken together.
        shares: float (count,), the fraction of the features' variance along each direction.

    Raises:
        LatentError: a model that is not a generator.
        ValueError: a wrong number.
    """

    def __init__(self, generator, *, classes=None, count=12, seed=0):
        check_generator(generator)
        count = whole_number("count", count, minimum=1)
        seed = whole_number("seed", seed, minimum=0)
        self.generator = generator
        classes = getattr(generator, "class_names", ()) if classes is None else classes
        none = isinstance(classes, (int, list, tuple)) and not classes
        self.class_names = () if none else names_of_classes(classes)
        numbers = int(generator.input_shape[1])
        if numbers <= len(self.class_names):
            raise LatentError(
                f"G takes {numbers} numbers: too few for a code and "
                f"{len(self.class_names)} classes."
            )
        self.latent_dim = numbers - len(self.class_names)
        self._draw = generator if isinstance(generator, LightGenerator) else _as_graph(generator)
        self.digest = _digest(generator.weights)
        self.directions, self.shares = self._directions(min(count, self.latent_dim), seed)

    def _directions(self, count, seed):
        directions, shares = _SHIPPED.get(self.digest, ((), ()))
        if seed == 0 and np.shape(directions[:count]) == (count, self.latent_dim):
            return directions[:count], shares[:count]
        key = (self.digest, self.latent_dim, count, seed)
        if key not in _FOUND:
            _FOUND[key] = self._find_directions(count, seed)
        return _FOUND[key]

    def _find_directions(self, count, seed):
        # The first feature maps, in which the image's layout is decided.
        maps = _first_maps(self.generator)
        size = maps(np.zeros((1, self.generator.input_shape[1]), "float32")).size
        # Each number of a direction is an average over codes: with 2,000 of them two seeds agree
        # on the digits' first five to cosines of 0.8 to 0.9, with 10,000 to 0.98. With the
        # maps of a large network so many would take minutes.
        samples = 10_000 if size <= 2500 else 2000
        z = np.random.default_rng(seed).normal(size=(samples, self.latent_dim)).astype("float32")
        classes = len(self.class_names)
        if not classes:
            return principal_directions(z, maps(z).reshape(samples, -1), count)
        label = np.arange(samples) % classes
        features = maps(self.inputs(z, np.eye(classes)[label])).reshape(samples, -1)
        for one in range(classes):  # what tells the classes apart is not z's doing
            features[one::classes] -= features[one::classes].mean(axis=0)
        return principal_directions(z, features, count)

    def labels(self, label, count=1):
        """Check a label and return it as weights, float32 (count, classes).

        Args:
            label: the number or the name of a class; a weight for each class, (classes,); or
                (count, classes), a label for each code. None, or no weights, where G knows no
                classes.
            count: how many codes it is for.

        Raises:
            LatentError: no class of G's, weights of another shape, or a label that is missing.
        """
        classes = len(self.class_names)
        if not classes:
            if label is None or np.shape(label)[-1:] == (0,):
                return np.zeros((count, 0), "float32")
            raise LatentError(f"This generator knows no classes: leave out label={shown(label)}.")
        if label is None:
            raise LatentError(
                f"This generator draws by class: give a label, such as one from 0 to {classes - 1}."
            )
        if isinstance(label, str):
            if label not in self.class_names:
                known = ", ".join(self.class_names)
                raise LatentError(f"There is no class {label!r}, but {known}.")
            label = self.class_names.index(label)
        if np.ndim(label) == 0:
            try:
                label = whole_number("The label", label, minimum=0, maximum=classes - 1)
            except ValueError as problem:
                raise LatentError(str(problem)) from None
            label = np.eye(classes)[label]
        weights = _codes(label, "The label")
        if weights.shape not in ((classes,), (1, classes), (count, classes)):
            raise LatentError(f"A label has {classes} weights; these are {weights.shape}.")
        return np.broadcast_to(weights, (count, classes))

    def inputs(self, z, label=None):
        """Join codes with their labels, as G takes them: float32 (count, numbers).

        Args:
            z: codes; by class also whole inputs, as this and `ConditionalDCGAN.codes` give them.
            label: see `labels`.

        Raises:
            LatentError: codes or labels that are not G's.
        """
        z = _codes(z)
        whole = self.latent_dim + len(self.class_names)
        if self.class_names and label is None and z.ndim in (1, 2) and z.shape[-1] == whole:
            return z.reshape(-1, whole)
        z = self.checked(z)
        return np.concatenate([z, self.labels(label, len(z))], axis=1)

    def checked(self, z):
        """Check codes and return float32 (count, latent_dim); one code may lack the first axis.

        Raises:
            LatentError: codes of another size, NaN or infinite values.
        """
        z = _codes(z)
        z = z[None] if z.ndim == 1 else z
        if z.ndim != 2 or z.shape[1] != self.latent_dim or not len(z):
            raise LatentError(f"A code has {self.latent_dim} numbers; these are {z.shape}.")
        return z

    def _one(self, z):
        """A single code as float32 (latent_dim,)."""
        z = self.checked(z)
        if len(z) != 1:
            raise LatentError(f"This takes one code, not {len(z)}.")
        return z[0]

    def images(self, z, label=None):
        """Generate images: float32 (count, height, width, channels) in [−1, 1].

        Args:
            z, label: see `inputs`.
        """
        return np.asarray(self._draw(self.inputs(z, label)), "float32")

    def pixels(self, z, label=None):
        """Generate images as uint8 in 0…255."""
        return to_uint8(self.images(z, label))

    def moved(self, z, steps):
        """Move a code along the directions.

        Args:
            z: one code.
            steps: how far along each direction, in standard deviations; missing ones are 0.

        Returns:
            float32 (latent_dim,).

        Raises:
            LatentError: several codes, more steps than directions, or values that are not numbers.
        """
        steps = _codes(steps, "The steps")
        if steps.ndim != 1 or len(steps) > len(self.directions):
            raise LatentError(
                f"There is one step for each of {len(self.directions)} directions; these are "
                f"{steps.shape}."
            )
        return self._one(z) + steps @ self.directions[: len(steps)]

    def neighbors(self, z, count=7, distance=0.5, seed=0):
        """Draw codes near z: (count, latent_dim), each at distance `distance` · √latent_dim.

        Raises:
            LatentError: several codes.
            ValueError: a wrong number.
        """
        z = self._one(z)
        count = whole_number("count", count, minimum=1, maximum=MOST_CODES)
        distance = number("distance", distance, minimum=0)
        seed = whole_number("seed", seed, minimum=0)
        around = np.random.default_rng(seed).normal(size=(count, self.latent_dim))
        around *= np.sqrt(self.latent_dim) / np.linalg.norm(around, axis=1, keepdims=True)
        return z + (distance * around).astype("float32")

    def invert(self, image, *, label=None, starts=8, steps=200, rate=0.05, seed=0, progress=None):
        """Find the code whose image is nearest to a given one, by gradient descent on z.

        Minimizes the mean squared difference of pixels plus a small weight on ‖z‖², from
        several starts at once, and keeps the best. An image that G cannot draw has no code; then
        the result is the code of the most similar image that the search has found.

        Args:
            image: float (height, width, channels) in [−1, 1].
            label: of all starts, where G draws by class; see `labels`.
            starts: random codes to start from, 1 to 10,000.
            steps, rate: of Adam; steps from 1 to 100,000, a rate above 0.
            seed: of the starts.
            progress: None, or called with (steps done, steps in all).

        Returns:
            `(z, error)`: float32 (latent_dim,), and the mean squared difference of its image.

        Raises:
            LatentError: an image of another shape or range; no label of G's.
            ValueError: a wrong number.
        """
        if isinstance(self.generator, LightGenerator):
            raise LatentError("This search needs TensorFlow: use LatentSpace(load_generator(…)).")
        import keras
        import tensorflow as tf

        starts = whole_number("starts", starts, minimum=1, maximum=10_000)
        steps = whole_number("steps", steps, minimum=1, maximum=100_000)
        rate = number("rate", rate, above=0)
        seed = whole_number("seed", seed, minimum=0)
        if not (progress is None or callable(progress)):
            raise ValueError(f"progress should be None or a function, not {shown(progress)}.")
        image = _codes(image, "The image")
        if image.shape != tuple(self.generator.output_shape[1:]):
            raise LatentError(
                f"G draws images of shape {self.generator.output_shape[1:]}, "
                f"this one has {image.shape}."
            )
        if np.abs(image).max() > 1.001:
            raise LatentError("The image should lie in [−1, 1]: scale 0…255 by x / 127.5 − 1.")
        rng = np.random.default_rng(seed)
        z = tf.Variable(rng.normal(size=(starts, self.latent_dim)).astype("float32"))
        labels = tf.constant(self.labels(label, starts))
        optimizer = keras.optimizers.Adam(rate)
        optimizer.build([z])

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                drawn = self.generator(tf.concat([z, labels], axis=1), training=False)
                drawn = tf.cast(drawn, tf.float32)
                error = tf.reduce_mean(tf.square(drawn - image), axis=[1, 2, 3])
                # A code far from the origin is one that G has never been trained on.
                total = tf.reduce_sum(error + 1e-3 * tf.reduce_mean(tf.square(z), axis=1))
            optimizer.apply(tape.gradient(total, [z]), [z])
            return error

        for index in range(steps):
            step()
            if progress:
                progress(index + 1, steps)
        errors = np.mean((self.images(z.numpy(), label) - image) ** 2, axis=(1, 2, 3))
        best = int(errors.argmin())
        return z.numpy()[best], float(errors[best])


def keep_directions(weights, directions, shares):
    """Keep the directions of a generator with these weights, for every `LatentSpace` of it."""
    _SHIPPED[_digest(weights)] = directions, shares


def _as_graph(generator):
    """A Keras generator as a compiled function: codes → images."""
    import tensorflow as tf

    signature = [tf.TensorSpec((None, generator.input_shape[1]), tf.float32)]
    return tf.function(lambda z: generator(z, training=False), input_signature=signature)


def _first_maps(generator):
    """A function: codes → float32 feature maps, the first that a generator computes."""
    if isinstance(generator, LightGenerator):
        return generator.first_maps
    import keras
    import tensorflow as tf

    outputs = (getattr(part, "output", None) for part in generator.layers)
    maps = next((out for out in outputs if len(getattr(out, "shape", ())) == 4), None)
    if maps is None:
        raise LatentError(
            "The generator shows no feature maps: build it as keras.Sequential, or as "
            "keras.Model(inputs, outputs)."
        )
    part = keras.Model(generator.inputs[0], maps)
    return lambda z: tf.cast(part(z, training=False), tf.float32).numpy()


def _codes(values, what="The code"):
    """Finite real numbers as float32, of any shape."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise LatentError(f"{what} should be an array of numbers, not lists.") from None
    if array.dtype.kind not in "fiu" and array.dtype.name != "bfloat16":
        raise LatentError(f"{what} should be an array of numbers, not {shown(values)}.")
    array = array.astype("float32")
    if not np.isfinite(array).all():
        raise LatentError(f"{what} should hold finite numbers, not NaN or infinite values.")
    return array


def _ends(a, b):
    """Two codes of one size, as float32 (latent_dim,)."""
    a, b = _codes(a), _codes(b)
    if a.ndim != 1 or a.shape != b.shape or not len(a):
        raise LatentError(f"A walk leads from one code to another; these are {a.shape}, {b.shape}.")
    return a, b


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
    centerd = features - features.mean(axis=0)
    # The covariance matrix of the features and the Gram matrix of the samples have the same
    # nonzero eigenvalues, so decompose the smaller one.
    by_features = centerd.shape[1] <= len(z)
    square = centerd.T @ centerd if by_features else centerd @ centerd.T
    values, vectors = np.linalg.eigh(square)
    order = np.argsort(values)[::-1][:count]
    coordinates = centerd @ vectors[:, order] if by_features else vectors[:, order]
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

    Raises:
        LatentError: anything but two codes of one size.
        ValueError: a wrong number.
    """
    a, b = _ends(a, b)
    count = whole_number("count", count, minimum=1, maximum=MOST_CODES)
    share = np.linspace(0, 1, count, dtype="float32")[:, None]
    return (1 - share) * a + share * b


def spherical(a, b, count):
    """Interpolate `count` codes from a to b on an arc: (count, latent_dim).

    The length changes evenly from that of a to that of b.
    Codes from N(0, I) in many dimensions nearly all have the length √latent_dim: they lie on
    a shell, and the arc stays on it (White 2016, arXiv:1609.04468).

    Raises:
        LatentError, ValueError: see `linear`.
    """
    a, b = (code.astype("float64") for code in _ends(a, b))
    count = whole_number("count", count, minimum=1, maximum=MOST_CODES)
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

    Raises:
        LatentError: ψ outside of [0, 1], or anything but codes.
    """
    try:
        strength = number("strength", strength, minimum=0, maximum=1)
    except ValueError:
        raise LatentError(f"The strength ψ lies in [0, 1]; {shown(strength)} does not.") from None
    return np.float32(strength) * _codes(z)


def without_and_with(kept, without, with_):
    """Compute kept − mean(without) + mean(with_), arithmetic with codes.

    Use several codes for each mean: a single code also carries features other than the one you
    want (Radford et al. 2016, arXiv:1511.06434, figure 7, averaged three).

    Raises:
        LatentError: no codes, or codes of several sizes.
    """
    kept = _codes(kept)
    means = []
    for part in (without, with_):
        codes = np.atleast_2d(_codes(part))
        if codes.ndim != 2 or not codes.size or codes.shape[1:] != kept.shape[-1:]:
            raise LatentError(
                f"Codes of one size are added; these are {kept.shape}, {codes.shape}."
            )
        means.append(codes.mean(axis=0))
    return kept - means[0] + means[1]
