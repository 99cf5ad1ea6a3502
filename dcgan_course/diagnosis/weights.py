"""How far and which way the weights of two networks move."""

import numpy as np

from dcgan_course.diagnosis.samples import rms


class Movement:
    """Follows the weights of G and D from one check to the next.

    Args:
        generator, discriminator: G and D, built.
    """

    def __init__(self, generator, discriminator):
        self.networks = {"g": generator, "d": discriminator}
        self._kernels = {name: kernels_of(network) for name, network in self.networks.items()}
        self._first = {name: _read(network) for name, network in self.networks.items()}
        self._first_kernels = {
            name: [np.array(kernel) for kernel in kernels]
            for name, kernels in self._kernels.items()
        }
        self._before = self._pending = None

    def facts(self):
        """Measure the movement since the beginning and since the last call.

        Returns:
            A dictionary, for G with "g_" and for D with "d_" in front: "moved", the root mean
            square change of the weights since the last call, as a multiple of their own size
            then; "gone", the same since the beginning; "kernels", how many there are; "still",
            how many have not moved at all since the beginning; "still_first", the place of the
            first of them, counted from the input. And "statistics_moved", of G's moving
            averages of batch norm, where it has some.
        """
        now = {name: _read(network) for name, network in self.networks.items()}
        before, self._before = self._before, now
        facts = {}
        for name in now:
            facts[f"{name}_gone"] = _change(self._first[name]["weights"], now[name]["weights"])
            pairs = zip(self._first_kernels[name], self._kernels[name], strict=True)
            still = [place for place, (old, new) in enumerate(pairs, 1) if np.array_equal(old, new)]
            facts[f"{name}_kernels"] = float(len(self._kernels[name]))
            facts[f"{name}_still"] = float(len(still))
            facts[f"{name}_still_first"] = float(still[0]) if still else 0.0
            if before is not None:
                facts[f"{name}_moved"] = _change(before[name]["weights"], now[name]["weights"])
        if before is not None and now["g"]["statistics"].size:
            facts["statistics_moved"] = _change(before["g"]["statistics"], now["g"]["statistics"])
        return facts

    def expect(self, gradients):
        """Remember the gradients of honest losses at the present weights, flat, by network."""
        weights = {name: _flat(net.trainable_variables) for name, net in self.networks.items()}
        self._pending = {name: (weights[name], gradients[name]) for name in weights}

    def headings(self):
        """Compare one step of training with the gradients of `expect`, once.

        Returns:
            "g_heading" and "d_heading": the cosine between what the step changed and the way
            downhill, in [−1, 1]. Missing where nothing has moved or no gradient is waiting.
        """
        pending, self._pending = self._pending, None
        facts = {}
        for name, (old, gradient) in (pending or {}).items():
            step = _flat(self.networks[name].trainable_variables) - old
            with np.errstate(over="ignore", invalid="ignore"):
                norms = np.linalg.norm(step) * np.linalg.norm(gradient)
            if norms > 0 and np.isfinite(norms):
                facts[f"{name}_heading"] = float(-(step @ gradient) / norms)
        return facts


def kernels_of(network):
    """The kernels of a network from its input on, those that are not trainable included."""
    trainable = {id(weight) for weight in network.trainable_variables}
    return [
        weight
        for weight in network.weights
        if len(weight.shape) >= 2 and (id(weight) in trainable or "kernel" in weight.name)
    ]


def _read(network):
    statistics = [weight for weight in network.non_trainable_variables if "moving" in weight.name]
    return {"weights": _flat(network.trainable_variables), "statistics": _flat(statistics)}


def _flat(weights):
    parts = [np.ravel(np.asarray(weight, "float32")) for weight in weights]
    return np.concatenate(parts) if parts else np.zeros(0, "float32")


def _change(old, new):
    # Layers that somebody freezes or thaws during the training change the number of weights.
    return rms(new - old) / (rms(old) + 1e-12) if old.shape == new.shape else 0.0
