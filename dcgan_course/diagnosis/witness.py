"""See what enters G and D in the training step itself, by standing beside it."""

import contextlib
from collections import namedtuple

import numpy as np
import tensorflow as tf

KEPT = 32  # samples of a batch


class Witness:
    """Keeps what entered G and D in the last training step: codes, real samples, fakes.

    It wraps the model's `train_step` and, while that runs or is traced, `call` of both networks.
    A few samples are copied into variables; the step's own numbers stay what they were.

    Args:
        model: a `keras.Model` with `generator` and `discriminator`.

    Attributes:
        attached: whether the step is being watched. Under several replicas and with XLA it
            cannot be.
    """

    def __init__(self, model):
        self.model = model
        self.attached = False
        self._places, self._flags, self._size = {}, {}, None

    def attach(self):
        """Watch the model's steps from now on, if they can be watched."""
        model = self.model
        alone = model.distribute_strategy.num_replicas_in_sync == 1
        if not alone or getattr(model, "jit_compile", False) is True:
            return
        plain = model.train_step

        def train_step(data, *rest, **options):
            with _recorded(model) as calls:
                logs = plain(data, *rest, **options)
            # Whatever a foreign step may have done: no training fails because it was watched.
            with contextlib.suppress(Exception):
                self._keep(data, calls)
            return logs

        model.train_step = train_step
        self.attached = True

    def detach(self):
        """Leave the model as it was before `attach`."""
        if self.attached:
            vars(self.model).pop("train_step", None)
            self.attached = False

    def seen(self):
        """Return what was kept: arrays by name, (`KEPT` or fewer, …), and numbers.

        The arrays are "batch" (what the data gave), "codes" (what entered G), "fakes" (what left
        G), "d_real" and "d_fake" (what entered D, by where it came from). The numbers are
        "batch_size"; "g_training" and "d_training", 1.0 where all calls were in training mode.
        What the step did not show is missing.
        """
        arrays = {name: np.asarray(value) for name, value in self._places.items()}
        kept = {name: value for name, value in arrays.items() if value.size}
        if self._size is not None:
            kept["batch_size"] = float(self._size)
        return kept | self._flags

    def _keep(self, data, calls):
        batch = tf.nest.flatten(data)[0]
        made = [call for call in calls if call.network == "generator"]
        judged = [call for call in calls if call.network == "discriminator"]
        self._put("batch", batch)
        self._put_size(batch)
        if made:
            self._put("codes", made[0].given)
            self._flags["g_training"] = float(all(call.training for call in made))
        if judged:
            self._flags["d_training"] = float(all(call.training for call in judged))
        known = {}
        for call in judged:
            sources = _sources(call.given, batch, [each.result for each in made])
            if len(sources) == 1:  # a batch of real samples and fakes together tells nothing
                known.setdefault("d_real" if "batch" in sources else "d_fake", (call, *sources))
        for name, (call, source) in known.items():
            self._put(name, call.given)
            if name == "d_fake":
                self._put("fakes", made[source].result)

    def _put(self, name, tensor):
        if not isinstance(tensor, tf.Tensor) or tensor.shape.rank in (None, 0):
            return
        few = tf.cast(tensor[:KEPT], tf.float32)
        if tf.executing_eagerly():
            self._places[name] = few.numpy()
            return
        if few.graph is not tf.compat.v1.get_default_graph():
            return  # from within a loop or another function: it cannot be read from outside
        if name not in self._places:
            rest = tensor.shape[1:]
            with tf.init_scope():
                empty = tf.zeros([0, *(side or 0 for side in rest)])
                place = tf.Variable(empty, trainable=False, shape=[None, *rest])
                self._places[name] = place
        self._places[name].assign(few)

    def _put_size(self, batch):
        if self._size is None:
            with tf.init_scope():
                self._size = tf.Variable(0, trainable=False, dtype=tf.int32)
        self._size.assign(tf.shape(batch)[0])


_Call = namedtuple("_Call", "network given result training")


@contextlib.contextmanager
def _recorded(model):
    """Inside the `with`, keep what enters and leaves both networks of a model."""
    calls = []

    def watched(name, plain):
        def call(*given, **options):
            result = plain(*given, **options)
            calls.append(_Call(name, given[0], result, options.get("training")))
            return result

        return call

    networks = {name: getattr(model, name) for name in ("generator", "discriminator")}
    before = {name: vars(network).get("call") for name, network in networks.items()}
    for name, network in networks.items():
        network.call = watched(name, network.call)
    try:
        yield calls
    finally:
        for name, network in networks.items():
            vars(network).pop("call", None)
            if before[name] is not None:
                network.call = before[name]


def _sources(tensor, batch, fakes):
    """Where a tensor comes from: a set of "batch" and of indices into `fakes`."""
    if tf.executing_eagerly():
        found = {index for index, each in enumerate(fakes) if each is tensor}
        return found | ({"batch"} if tensor is batch else set())
    ends = {id(batch.op): "batch"} | {id(each.op): index for index, each in enumerate(fakes)}
    found, seen, waiting = set(), set(), [tensor.op]
    while waiting:
        op = waiting.pop()
        if id(op) in seen:
            continue
        seen.add(id(op))
        if id(op) in ends:
            found.add(ends[id(op)])
        elif op.type not in ("Shape", "Size", "Rank"):  # noise of the batch's shape is no batch
            waiting += [each.op for each in op.inputs]
    return found
