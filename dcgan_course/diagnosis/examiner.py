"""Examine two networks during training and write down numbers, leaving them as they were."""

from functools import partial

import numpy as np
import tensorflow as tf

from dcgan_course.diagnosis.probe import Probe, inputs_of, output_range, outputs_of, uneven_layers
from dcgan_course.diagnosis.samples import Comparison, auc, rms, sample_facts
from dcgan_course.diagnosis.weights import Movement
from dcgan_course.networks.labels import add_label_planes, join_label, one_hot

POOL = 1000  # real samples in which copies and duplicates are looked for
FROM_FILES = 256  # if they have to be read one by one


class Examiner:
    """Measures two networks now and then, and leaves them as they were.

    Args:
        generator, discriminator: G and D. Codes (batch, …) → samples (batch, …),
            and samples → logits (batch, 1).
        real: real samples, float (count, …): an array, or an `ImageFolder`. Of them `count` are
            drawn at random, so that a sorted set is no trap. With `classes`, a pair of such an
            array and class numbers (count,): G is then asked for the classes of these samples.
        held_out: the same of samples that the training does not see; None leaves that question
            out.
        loss: G's, a kind of `losses`; None where it is unknown.
        count: samples in a check.
        compiled: False checks without a graph: slower, but ready at once.
        latent_dim: numbers in a code; None asks G.
        classes: how many there are, where both networks take labels as those of a
            `ConditionalDCGAN` do: joined to codes, and as planes of images. None where they do
            not.
        seed: of the codes, which stay the same throughout, and of the choice of samples.

    Attributes:
        rows: one dictionary of numbers for each check.

    Raises:
        ValueError: fewer than 16 real samples, samples of another shape than G's, a dataset in
            place of an array, labels that are missing or of no use, or a G whose codes have an
            unknown size.
    """

    def __init__(
        self,
        generator,
        discriminator,
        real,
        *,
        held_out=None,
        loss="non_saturating",
        count=128,
        compiled=True,
        latent_dim=None,
        classes=None,
        seed=0,
    ):
        pool, labels = _chosen(real, max(count, POOL), seed, "real samples", classes)
        code_shape = list(inputs_of(generator, latent_dim))
        self._code_dim = code_shape[-1] = code_shape[-1] - (classes or 0)
        codes = tf.random.stateless_normal((min(count, len(pool)), *code_shape), seed=[seed, 5])
        if classes:
            codes = join_label(codes, labels[:count])
        wanted = outputs_of(generator, codes)
        if len(pool) < 16 or pool.shape[1:] != wanted:
            raise ValueError(
                f"The doctor needs at least 16 real samples of shape {wanted}; these are "
                f"{pool.shape}."
            )
        self.codes, self.real = tf.Variable(codes, trainable=False), tf.constant(pool[:count])
        self._adopts_codes = loss is None
        if held_out is not None:
            held_out, held_labels = _chosen(held_out, count, seed, "held-out samples", classes)
            if held_out.shape[1:] != wanted or len(held_out) < 2:
                raise ValueError(
                    f"The doctor needs held-out samples of shape {wanted}; these are "
                    f"{held_out.shape}."
                )
            held_out = _with_planes(held_labels)(held_out)
        self.networks = (generator, discriminator)
        self.as_seen = _with_planes(None if labels is None else labels[:count])
        pair = self.as_seen(self.real), held_out
        self.probe = Probe(generator, discriminator, self.codes, *pair, loss, self.as_seen)
        self._measure = tf.function(self.probe.measure) if compiled else self.probe.measure
        self._movement = Movement(generator, discriminator)
        self._finite = bool(np.isfinite(pool).all())
        self._comparison = Comparison(pool[:count], pool, seed=seed) if self._finite else None
        self._scale = float(pool[:count].std()) + 1e-8
        self._known = {row.tobytes() for row in pool}
        self._constant = self._constant_facts(pool, loss)
        self._previous, self._codes_before = None, None
        self.rows = []

    def look(self, step, *, seen=None, rates=None):
        """Take the numbers of this moment.

        Args:
            step: how many steps of training have been done.
            seen: what a `Witness` saw of the last step, or None.
            rates: learning rates by name, such as {"g_rate": 2e-4}, or None.

        Returns:
            The new row, which `rows` holds as well.
        """
        if self._adopts_codes and "codes" in (seen or {}):
            # A foreign GAN may draw its codes from another distribution than N(0, 1).
            self.codes.assign(seen["codes"].std() * self.codes + seen["codes"].mean())
            self._adopts_codes = False
        # Training mode moves moving statistics, draws from random generators, and lets spectral
        # normalization rescale its kernels: put everything back.
        state = [variable for network in self.networks for variable in network.variables]
        kept = [tf.identity(variable) for variable in state]
        try:
            measured = {name: value.numpy() for name, value in self._measure().items()}
        finally:
            for variable, value in zip(state, kept, strict=True):
                variable.assign(value)
        row = {"step": int(step)}
        row |= {name: float(value) for name, value in measured.items() if value.ndim == 0}
        row |= self._movement.facts()
        gradients = {name: measured[f"{name}_gradients"] for name in "gd"}
        self._movement.expect(gradients)
        with np.errstate(all="ignore"):  # infinite logits are found by name, not by a warning
            row |= self._logit_facts(measured)
        row |= self._sample_facts(measured["fakes"], measured["plain_fakes"])
        row |= self._seen_facts(seen or {}) | (rates or {}) | self._constant
        self.rows.append(row)
        return row

    def after_step(self):
        """Complete the last row, right after the first step that follows it."""
        if self.rows:
            self.rows[-1] |= self._movement.headings()

    def _constant_facts(self, pool, loss):
        """What does not change in the course of a training."""
        facts = {f"{name}_real": value for name, value in sample_facts(self.real.numpy()).items()}
        facts["real_count"] = float(len(pool))
        if self._comparison is not None:
            facts["duplicates"] = self._comparison.duplicates
            others = pool[len(self.real) : 2 * len(self.real)]
            if len(others) == len(self.real):  # what unseen real samples would get
                apart = self._comparison.facts(others)
                facts |= {
                    f"{name}_other": apart[name] for name in ("missed", "mmd", "clusters_off")
                }
        facts["probabilities"] = float(self.probe.has_probabilities)
        facts["own_loss"] = float(loss is not None)
        facts["g_uneven"] = float(uneven_layers(self.networks[0]))
        for name, network in zip("gd", self.networks, strict=True):
            limits = output_range(network)
            if limits is not None:
                facts |= {f"{name}_reach_low": limits[0], f"{name}_reach_high": limits[1]}
            weights = network.weights
            facts[f"{name}_norms"] = float(sum("moving_var" in each.name for each in weights))
            facts[f"{name}_size"] = float(sum(np.prod(each.shape) for each in weights))
        return facts

    def _logit_facts(self, measured):
        real, fake = measured["real_logits"], measured["fake_logits"]
        plain = measured["plain_logits"]
        raw = np.concatenate([real, fake, plain])
        facts = {
            "auc": auc(real, fake),
            "auc_plain": auc(*np.split(plain, 2)),
            "logit_low": float(raw.min()),
            "logit_high": float(raw.max()),
            "logit_zeros": float(np.mean(raw == 0)),
            "logit_spread": float(raw.std()),
        }
        if "held_logits" in measured:
            facts["known_auc"] = auc(measured["known_logits"], measured["held_logits"])
        return facts

    def _sample_facts(self, fakes, plain):
        facts = {f"{name}_fake": value for name, value in sample_facts(fakes).items()}
        if self._comparison is None or not np.isfinite(fakes).all():
            return facts
        facts |= self._comparison.facts(fakes)
        facts["mode_gap"] = rms(fakes - plain) / self._scale
        facts["spread_plain"] = float(plain.reshape(len(plain), -1).std(axis=0).mean())
        if self._previous is not None:
            facts["change"] = rms(fakes - self._previous) / self._scale
        self._previous = fakes
        return facts

    def _seen_facts(self, seen):
        """Compare what the training step saw with what the doctor was given."""
        names = ("batch_size", "g_training", "d_training")
        facts = {name: seen[name] for name in names if name in seen}
        batch, codes, given = seen.get("batch"), seen.get("codes"), self.codes.shape[1:]
        channels = self.real.shape[-1]
        alike = batch is not None and batch.shape[1:] == self.real.shape[1:]
        if alike and self._finite and np.isfinite(batch).all():
            real = self.real.numpy()
            facts["batch_low"], facts["batch_high"] = float(batch.min()), float(batch.max())
            facts["batch_shift"] = float(batch.mean() - real.mean()) / self._scale
            facts["batch_spread"] = float(batch.std() / self._scale)
            facts["batch_apart"] = self._comparison.apart(batch)
            known = [row.tobytes() in self._known for row in batch]
            facts["batch_known"] = float(np.mean(known))
            if batch.ndim == 4 and batch.shape[3] == 3:
                facts["batch_hue"] = (_hue(batch) - _hue(real)) / self._scale
        if codes is not None and codes.shape[1:] == given:
            codes = codes[..., : self._code_dim]  # labels are no draws from N(0, 1)
            facts["codes_spread"] = float(codes.std())
            facts["codes_mean"] = float(codes.mean())
            before, self._codes_before = self._codes_before, codes
            if before is not None and before.shape == codes.shape:
                facts["codes_change"] = rms(codes - before)
        for name, origin in (("d_real", "batch"), ("d_fake", "fakes")):
            one, other = seen.get(name), seen.get(origin)
            if one is not None and other is not None:
                one = one[..., :channels]  # without the planes of labels
            if one is not None and other is not None and one.shape == other.shape:
                facts[f"{name}_changed"] = rms(one - other) / self._scale
        shown = seen.get("d_real")
        if shown is not None and shown.ndim == 4 and channels == 3:
            facts["colour_shown"] = float(shown[..., :3].std(axis=3).mean())
        return facts


def _hue(images):
    """How much brighter the first channel is than the last, on average."""
    return float(images[..., 0].mean() - images[..., 2].mean())


def _with_planes(labels):
    """A function: samples → as D takes them, with planes for these labels if there are any."""
    return (lambda samples: samples) if labels is None else partial(add_label_planes, labels=labels)


def _chosen(samples, count, seed, what, classes=None):
    """Draw samples at random: float32 (count or fewer, …), and their labels or None."""
    pair = isinstance(samples, tuple) and len(samples) == 2
    if pair and not classes:
        raise ValueError(f"The doctor takes no labels with its {what}: both networks know none.")
    if classes:
        if not pair:
            raise ValueError(
                f"The doctor needs the labels of its {what} too: give a pair (images, labels)."
            )
        samples, labels = samples
        labels = one_hot(labels, classes)
        if len(samples) != len(labels):
            raise ValueError(
                f"Each of the doctor's {what} needs a label: there are {len(samples)} and "
                f"{len(labels)}."
            )
        order = np.random.default_rng(seed).permutation(len(samples))[:count]
        return np.asarray(np.asarray(samples)[order], "float32"), labels[order]
    if isinstance(samples, tf.data.Dataset):
        raise ValueError(
            f"The doctor needs its {what} as an array, not as a dataset. Take some hundreds: "
            "np.concatenate(list(dataset.take(10).as_numpy_iterator()))."
        )
    if not hasattr(samples, "__len__"):
        raise ValueError(f"The doctor needs its {what} as an array, not {samples!r}.")
    order = np.random.default_rng(seed).permutation(len(samples))
    if hasattr(samples, "read"):  # an ImageFolder: files, of which each takes its time
        places = order[: min(count, FROM_FILES)]
        images = np.stack([samples.read(int(place)) for place in places])
        return images / np.float32(127.5) - 1, None
    return np.asarray(np.asarray(samples)[order[:count]], "float32"), None
