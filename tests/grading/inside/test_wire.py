"""What passes between the grader and a submission: values, and nothing that runs."""

import json
import math

import numpy as np
import pytest

from dcgan_course.grading.inside.wire import Other, Tensor, pack, unpack


def through(value, **options):
    return unpack(json.loads(json.dumps(pack(value))), **options)


@pytest.mark.parametrize(
    "value", [None, True, 3, -2.5, "D", [1, [2.0, "x"]], {"d_loss": 1.5, "runs": [1, 2]}]
)
def test_plain_values_come_through(value):
    assert through(value) == value


def test_tuples_become_lists_and_numpy_numbers_arrays():
    assert through((1, 2)) == [1, 2]
    assert float(through(np.float32(2.5))) == 2.5
    assert math.isnan(through(float("nan")))
    assert through(float("inf")) == math.inf


@pytest.mark.parametrize("kind", ["float32", "float64", "int64", "uint8", "bool"])
def test_arrays_keep_shape_type_and_numbers(kind):
    array = np.arange(6).reshape(2, 3).astype(kind)
    found = through(array)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    assert found.flags.writeable


def test_a_tensor_is_made_on_the_other_side():
    found = through(Tensor([[1.0]]), tensor=lambda array: ("tensor", array.dtype.name))
    assert found == ("tensor", "float32")


def test_objects_and_their_tricks_do_not_come_through():
    class Yes(float):
        def __eq__(self, other):
            return True

        __hash__ = float.__hash__

    assert type(through(Yes(1.0))) is float
    assert isinstance(through(object()), Other)
    assert isinstance(through(lambda: 1), Other)
    assert isinstance(through(np.array(["words"])), Other)
    with pytest.raises(TypeError):
        float(through(object()))


@pytest.mark.parametrize(
    "packed",
    [
        [1],
        {"array": ["O", [1], ""]},
        {"pickle": "gASV"},
        {"array": ["<f4", [100], "AAAA"]},
        {"list": [{"a": 1, "b": 2}]},
    ],
)
def test_what_pack_never_writes_is_refused(packed):
    with pytest.raises(ValueError, match=r".+"):
        unpack(packed)
