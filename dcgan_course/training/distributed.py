"""One training on several GPUs or machines: what a step and `fit` need to know of it.

Under `tf.distribute` every GPU holds a *replica* of both networks and computes on its part of
the batch. A machine may have several GPUs; a *cluster* is several machines.
"""

import keras
import tensorflow as tf


def on_several_machines(strategy):
    """Whether a strategy spans more than this machine."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def is_chief(strategy):
    """Whether this machine is the one that writes files, of those that train together."""
    return not on_several_machines(strategy) or leads_cluster(strategy.cluster_resolver)


def leads_cluster(resolver):
    """Whether this machine is the chief of its cluster, or the first worker where none is.

    Args:
        resolver: a `tf.distribute.cluster_resolver.ClusterResolver`.
    """
    if "chief" in resolver.cluster_spec().jobs:
        return resolver.task_type == "chief"
    return resolver.task_id == 0


def check_agreement(strategy, epoch):
    """Raise `tf.errors.AbortedError` unless all machines go on from the same epoch."""
    if not on_several_machines(strategy):
        return

    @tf.function
    def mean_of(numbers):
        return strategy.reduce("MEAN", strategy.run(lambda: numbers), axis=None)

    mean, squares = mean_of(tf.constant([epoch, epoch**2], tf.float32)).numpy()
    if abs(squares - mean**2) > 1e-3:
        raise tf.errors.AbortedError(
            None, None, f"The machines go on from different epochs, this one from {epoch}."
        )


def distributed_stream(stream, strategy, batch_size):
    """Make a stream of batches under a strategy: each machine makes its own part.

    Left to itself, Keras would have every machine read all images and drop the other parts.

    Args:
        stream: a function of `part`, such as `ImageFolder.stream` with its other arguments
            given, that returns that part of batches of `batch_size`.
        strategy: such as `MirroredStrategy` or `MultiWorkerMirroredStrategy`.
        batch_size: images per batch, over all machines and all their GPUs.

    Returns:
        A distributed dataset, as `fit` takes it.
    """

    def this_machine(context):
        part = stream(part=(context.input_pipeline_id, context.num_input_pipelines))
        replica = context.get_per_replica_batch_size(batch_size)
        if replica * context.num_input_pipelines == batch_size:
            return part
        return part.unbatch().batch(replica, drop_remainder=True).prefetch(2)

    return strategy.distribute_datasets_from_function(this_machine)


# --- inside a step, on one replica ----------------------------------------------------


def global_batch_of(images):
    """The size of the whole batch, of which each replica has a part: int32 scalar."""
    return tf.shape(images)[0] * tf.distribute.get_replica_context().num_replicas_in_sync


def mean_over_replicas(numbers):
    """Return the same numbers on all replicas: their mean.

    The first Keras 3 would report one replica's own.
    """
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return numbers
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, numbers)


def sum_over_replicas(gradients):
    """Add the replicas' gradients up, where Keras' optimizers do not: in the first Keras 3."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1 or hasattr(
        keras.optimizers.Optimizer, "_all_reduce_sum_gradients"
    ):
        return gradients
    return context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)


def share_statistics(*networks):
    """Give all replicas the same moving statistics of batch norm: the mean of theirs."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return
    held = [weight for network in networks for weight in network.non_trainable_variables]
    held = [weight for weight in held if "float" in str(weight.dtype)]  # no random states
    if held:
        # The identity gives each value a device, by which `all_reduce` sends it around.
        values = [tf.identity(tf.convert_to_tensor(weight)) for weight in held]
        means = context.all_reduce(tf.distribute.ReduceOp.MEAN, values)
        for weight, mean in zip(held, means, strict=True):
            weight.assign(mean)
