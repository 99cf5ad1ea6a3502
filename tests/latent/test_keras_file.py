"""Files that are opened as generators: what they may hold, and what is refused unopened."""

import json
import os
import zipfile

import keras
import numpy as np
import pytest

from dcgan_course import dcgan_generator, load_generator
from dcgan_course.files import add_card
from dcgan_course.latent.errors import LatentError
from dcgan_course.latent.keras_file import open_generator, why_refused


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A generator's file."""
    path = tmp_path_factory.mktemp("good") / "generator.keras"
    dcgan_generator((16, 16, 1), latent_dim=6, widths=(8, 4)).save(path)
    return path


def altered(saved, tmp_path, change=None, **members):
    """The same file with another configuration, or with other members."""
    path = tmp_path / "generator.keras"
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "config.json" and change:
                config = json.loads(body)
                change(config)
                body = json.dumps(config)
            if members.get(name, b"") is not None:
                new.writestr(name, members.get(name, body))
        for name in members.keys() - set(old.namelist()):
            new.writestr(name, members[name])
    return path


def functional():
    codes = keras.Input((6,))
    x = keras.layers.Dense(16, activation="leaky_relu", kernel_regularizer="l2")(codes)
    x = keras.layers.Reshape((2, 2, 4))(x) * 2 + 1
    images = keras.layers.Conv2D(
        1, 1, activation=keras.ops.tanh, kernel_constraint=keras.constraints.MaxNorm(2)
    )(x)
    return keras.Model(codes, images)


@pytest.mark.parametrize(
    "build", [functional, lambda: dcgan_generator((16, 16, 3), latent_dim=6, widths=(8, 4))]
)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_generators_of_keras_own_layers_are_opened(tmp_path, build, policy):
    keras.mixed_precision.set_global_policy(policy)
    try:
        generator = build()
    finally:
        keras.mixed_precision.set_global_policy("float32")
    generator.save(tmp_path / "a.keras")
    assert why_refused(tmp_path / "a.keras") is None
    z = np.ones((2, 6), "float32")
    drawn, expected = (
        keras.ops.cast(network(z, training=False), "float32")
        for network in (load_generator(tmp_path / "a.keras"), generator)
    )
    np.testing.assert_allclose(drawn, expected, atol=1e-5)


def test_a_class_that_the_reader_has_registered_is_opened(tmp_path):
    @keras.saving.register_keras_serializable(package="mine")
    class Twice(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    layers = [keras.Input((6,)), keras.layers.Dense(16), Twice(), keras.layers.Reshape((4, 4, 1))]
    keras.Sequential(layers).save(tmp_path / "a.keras")
    assert open_generator(tmp_path / "a.keras").output_shape == (None, 4, 4, 1)
    registered = keras.saving.get_custom_objects()
    held = registered.pop("mine>Twice")
    try:
        with pytest.raises(LatentError, match=r"a\.keras holds Twice"):
            open_generator(tmp_path / "a.keras")
    finally:
        registered["mine>Twice"] = held


@pytest.mark.filterwarnings("ignore")
def test_a_lambda_is_refused(tmp_path):
    layers = [keras.Input((16,)), keras.layers.Lambda(abs), keras.layers.Reshape((4, 4, 1))]
    keras.Sequential(layers).save(tmp_path / "a.keras")
    with pytest.raises(LatentError, match=r"holds Lambda of keras\.layers.*could run code"):
        load_generator(tmp_path / "a.keras")


HOSTILE = [
    {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
    {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"},
    {"module": "keras.utils", "class_name": "get_file", "config": {"origin": "file:///x"}},
    {"module": "keras.utils", "class_name": "function", "config": "get_file"},
    {"module": "keras.src.utils.file_utils", "class_name": "get_file", "config": {}},
    {"module": "keras.models", "class_name": "load_model", "config": {}},
    {"module": "elsewhere", "class_name": "function", "config": "relu"},
    {"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}},
    {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "x"}},
    {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"module": "x"}},
    {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/x"}},
    {"module": "keras.layers", "class_name": "Lambda", "config": {"function": {}}},
    {"module": None, "class_name": "Twice", "config": {}, "registered_name": "else>Twice"},
    {"module": "keras_evil.layers", "class_name": "Dense", "config": {}},
    {"module": "kerasx", "class_name": "Dense", "config": {}},
    {"module": ["keras"], "class_name": "Dense", "config": {}},
    {"class_name": "__lambda__", "config": {"value": "4wAA"}},
    {"class_name": "Lambda", "config": {}},
    {"class_name": "__typespec__", "module": "subprocess", "config": []},
    {"module": "builtins", "class_name": "function", "config": "else>relu"},
]


@pytest.mark.parametrize("part", HOSTILE)
@pytest.mark.parametrize("place", ["layer", "initializer", "deep"])
def test_foreign_code_is_refused_unopened(saved, tmp_path, part, place, monkeypatch):
    def change(config):
        layers = config["config"]["layers"]
        if place == "layer":
            layers.insert(1, part)
        elif place == "initializer":
            layers[1]["config"]["kernel_initializer"] = part
        else:
            layers[1]["config"]["name"] = [[{"a": [part]}]]

    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("opened"))
    altered(saved, tmp_path, change)
    with pytest.raises(LatentError, match=rf"generator\.keras holds {part['class_name']}"):
        open_generator(tmp_path)


def test_how_it_was_compiled_does_not_matter(saved, tmp_path):
    path = altered(saved, tmp_path, lambda config: config.update(compile_config=HOSTILE[0]))
    assert open_generator(path).input_shape == (None, 6)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"config.json": None}, "lacks a config.json"),
        ({"config.json": b"{"}, "is damaged"),
        ({"config.json": b"\xff\xfe"}, "is damaged"),
        ({"config.json": b"[" * 100_000}, "damaged"),
        ({"config.json": bytes(11 << 20)}, "far too long"),
        ({"../evil.txt": b"x"}, r"would be written elsewhere \('\.\./evil\.txt'\)"),
        ({"assets/../../evil.txt": b"x"}, "would be written elsewhere"),
        ({"/evil.txt": b"x"}, "would be written elsewhere"),
        ({"C:/evil.txt": b"x"}, "would be written elsewhere"),
        ({"..\\evil.txt": b"x"}, "would be written elsewhere"),
        ({"model.weights.h5": None}, "cannot be read as a Keras model"),
        ({"model.weights.h5": b"no weights"}, "cannot be read as a Keras model"),
    ],
)
def test_damaged_and_hostile_archives(saved, tmp_path, members, message):
    path = altered(saved, tmp_path, **members)
    with pytest.raises(LatentError, match=message):
        open_generator(path)
    assert sorted(tmp_path.iterdir()) == [path]


def test_an_archive_that_unpacks_to_gigabytes_is_refused(saved, tmp_path, monkeypatch):
    monkeypatch.setattr("dcgan_course.latent.keras_file.LARGEST", 1000)
    with pytest.raises(LatentError, match=r"would take .* GiB, and no generator does"):
        open_generator(saved)


@pytest.mark.parametrize("name", ["a.h5", "a.hdf5", "a.npz", "a.txt", "a", "a.KERAS.zip"])
def test_only_keras_files_are_opened(saved, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(saved.read_bytes())
    with pytest.raises(LatentError, match=r"a generator is a \.keras file"):
        open_generator(path)


@pytest.mark.parametrize(
    "content", [b"", b"no model", b"\x89HDF\r\n\x1a\n" + bytes(2000), bytes(9)]
)
def test_only_archives_are_opened(tmp_path, content):
    (tmp_path / "generator.keras").write_bytes(content)
    with pytest.raises(LatentError, match=r"generator\.keras cannot be read as a Keras model"):
        load_generator(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders")
def test_a_pipe_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "generator.keras")
    with pytest.raises(LatentError, match="There is no"):
        open_generator(tmp_path)


@pytest.mark.parametrize("name", [None, 5, "", b"mnist", ["mnist"], {"mnist"}])
def test_what_is_no_name(name):
    for use in (open_generator, load_generator):
        with pytest.raises(LatentError, match="opened by the name of a file"):
            use(name)


@pytest.mark.parametrize(
    ("card", "names"),
    [
        ({"classes": ["cat", "dog"]}, ("cat", "dog")),
        ({"classes": [["cat"], 3]}, ()),  # a file from elsewhere may say anything
        ({"classes": "cat"}, ()),
        ({"colors": 3}, ()),
    ],
)
def test_a_file_says_by_which_classes_its_generator_draws(saved, tmp_path, card, names):
    path = altered(saved, tmp_path)
    add_card(path, card)
    assert open_generator(path).class_names == names
