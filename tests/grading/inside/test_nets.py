import numpy as np
import pytest

from dcgan_course.grading import trials
from dcgan_course.grading.inside import nets


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("beside", [False, True])
def test_the_graders_formulas_compute_what_the_normed_models_do(beside, training):
    import tensorflow as tf

    model = nets.normed_discriminator(5) if beside else nets.normed_generator(5, 3)
    listed = nets.normed_weights(5, 1 if beside else 3, beside=beside)
    assert [shape for _, shape in listed] == [tuple(w.shape) for w in model.weights]
    assert trials._trained(listed) == [w.trainable for w in model.weights]
    rng = np.random.default_rng(0)
    weights = trials._drawn(listed, rng)
    nets.set_values(model, weights)
    x = tf.constant(rng.normal(1, 2, (9, 5)), tf.float32)
    found = nets.run_normed([tf.constant(w) for w in weights], x, beside, training)
    assert np.allclose(found, model(x, training=training), atol=1e-4)


def test_the_graders_formula_computes_what_the_networks_of_a_step_do():
    import tensorflow as tf

    rng = np.random.default_rng(1)
    for model, ends in zip(nets.step_networks(4, 6, 11), ((4, 6), (6, 1)), strict=True):
        listed = nets.step_weights(*ends, 11)
        assert [shape for _, shape in listed] == [tuple(w.shape) for w in model.weights]
        weights = trials._drawn(listed, rng)
        nets.set_values(model, weights)
        x = tf.constant(rng.normal(0, 2, (7, ends[0])), tf.float32)
        found = nets.run_step_network([tf.constant(w) for w in weights], x)
        assert np.allclose(found, model(x), atol=1e-4)
