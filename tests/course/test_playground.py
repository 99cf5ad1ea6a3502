"""The playground: one HTML file, built here and used in headless Chromium, from disk.

Mirrors no module: it tests scripts/playground.py and the page that it writes.
"""

import base64
import io
import json
import os
import sys
import time

import keras
import numpy as np
import pytest
from helpers import CHROMIUM, ROOT
from keras import layers
from PIL import Image, ImageSequence

from dcgan_course.latent.pretrained import load_generator, shipped_generators
from dcgan_course.latent.space import LatentSpace
from dcgan_course.networks.losses import discriminator_loss, generator_loss
from dcgan_course.training.toys import small_network

sys.path.insert(0, str(ROOT / "scripts"))
import playground_export

import playground

pytestmark = pytest.mark.slow(seconds=3)
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="this machine has no Chromium")
WIDTHS = {1280: 800, 870: 900, 390: 844}
PANELS = ("directions", "map", "walk", "neighbors", "arithmetic", "inside")
DRAW = "codes => codes.map(([z, c]) => Array.from(playground.generators[{}].draw(z, c)))"


def class_generator():
    """A small generator by class, with every kind of layer that the page knows."""
    keras.utils.set_random_seed(3)
    code = keras.Input((6 + 3,))
    x = layers.Dense(4 * 4 * 6)(code)
    x = layers.Reshape((4, 4, 6))(x)
    x = layers.BatchNormalization()(x)
    x = layers.LeakyReLU(negative_slope=0.2)(x)
    x = layers.Conv2DTranspose(5, 5, 2, padding="same", activation="relu")(x)
    x = layers.UpSampling2D()(x)
    skipped = layers.Conv2D(5, 3, padding="same")(x)
    x = layers.Multiply()([layers.Add()([x, skipped]), skipped])
    x = layers.Concatenate()([x, skipped])
    x = layers.Conv2D(3, 4, 2, padding="same", activation="tanh")(x)
    network = keras.Model(code, x)
    network.class_names = ("ant", "bee", "cat")
    rng = np.random.default_rng(3)
    # As float16, which is what ships; and with statistics that are not those of a new network.
    weights = [np.float16(rng.normal(0.03, 0.2, w.shape)) for w in network.get_weights()]
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            place = next(k for k, w in enumerate(network.weights) if w is layer.moving_variance)
            weights[place] = np.abs(weights[place])
    network.set_weights(weights)
    return network


@pytest.fixture(scope="module")
def by_class():
    return class_generator()


@pytest.fixture(scope="module")
def names():
    return sorted(shipped_generators(), key=lambda name: (name != playground.FIRST, name))


@pytest.fixture(scope="module")
def file(names, by_class, tmp_path_factory):
    """The page with all generators that ship, and a small one that draws by class."""
    described = [playground_export.described(name) for name in names]
    described.append(playground_export.described_network("insects", by_class))
    text, left_out = playground.page(described)
    assert left_out == []
    path = tmp_path_factory.mktemp("playground") / "playground.html"
    path.write_text(text, encoding="utf-8")
    return path


# --- without a browser ---------------------------------------------------------------------


def test_modules_that_do_not_fit_together_are_not_bundled(tmp_path):
    (tmp_path / "a.js").write_text("export const one = 1;\nconst own = 2;\n", encoding="utf-8")
    good = 'import { one } from "./a.js";\n\nexport function two() {\n  return one + one;\n}\n'
    (tmp_path / "b.js").write_text(good, encoding="utf-8")
    text = playground.bundled(tmp_path, ["a.js", "b.js"])
    assert "import" not in text
    assert "export" not in text
    assert text.index("const one") < text.index("function two")
    (tmp_path / "b.js").write_text(good.replace("{ one }", "{ own }"), encoding="utf-8")
    with pytest.raises(playground.BuildError, match="own"):  # not exported
        playground.bundled(tmp_path, ["a.js", "b.js"])
    (tmp_path / "b.js").write_text("const own = 3;\n", encoding="utf-8")
    with pytest.raises(playground.BuildError, match="both define own"):
        playground.bundled(tmp_path, ["a.js", "b.js"])


def test_generators_that_are_drawn_by_class_too_are_left_out_first():
    def described(name, noun, classes=()):
        return {"name": name, "noun": noun, "classes": classes}

    every = [
        *(described("digits", "digit"), described("clothes", "garment")),
        *(described("digits by class", "digit", ["0"]), described("frogs", "frog")),
    ]
    sizes = {each["name"]: 10 for each in every}
    assert playground.fitting(every, sizes, 40) == (every, [])
    kept, left_out = playground.fitting(every, sizes, 39)
    assert left_out == ["digits"]
    assert kept == [each for each in every if each["name"] != "digits"]
    assert playground.fitting(every, sizes, 20)[1] == ["digits", "frogs"]


def test_a_layer_that_the_page_does_not_know_is_named(monkeypatch, capsys):
    z = keras.Input((4,))
    maps = layers.Reshape((2, 1, 2))(layers.Dense(4)(z))
    network = keras.Model(z, layers.LayerNormalization()(maps))
    with pytest.raises(playground_export.ExportError, match="LayerNormalization"):
        playground_export.Translation(network)
    image = layers.Conv2DTranspose(1, 3, padding="same")(layers.LayerNormalization()(maps))
    network = keras.Model(z, image)
    monkeypatch.setattr(playground_export, "load_generator", lambda name: network)
    assert list(playground.all_described(["new"])) == []  # the others can still be built
    assert "Left out: new. The page does not know" in capsys.readouterr().out
    valid = keras.Model(z, layers.Conv2DTranspose(1, 3, padding="valid")(maps))
    with pytest.raises(playground_export.ExportError, match="same"):
        playground_export.Translation(valid)


def test_a_direction_is_named_after_what_it_changes_most():
    y, x = np.meshgrid(np.linspace(-1, 1, 28), np.linspace(-1, 1, 28), indexing="ij")

    def images(z):
        """Blobs: z[0] makes them narrower, so darker on the whole; z[1] lets them lean right."""
        width = 0.3 * np.exp(-0.2 * z[:, 0])[:, None, None]
        slanted = x + 0.4 * z[:, 1, None, None] * y
        return (2 * np.exp(-((slanted / width) ** 2) - (y / 0.5) ** 2) - 1)[..., None]

    ends, signs = playground_export.named(images, np.eye(3, dtype="float32"))
    assert ends == [["dark", "bright"], ["leaning left", "leaning right"], ["", ""]]
    assert list(signs) == [-1, 1, 1]


def test_every_failure_has_its_place_in_lesson_05():
    found = playground.lesson_sections()
    assert set(found) <= set(playground.SECTIONS)
    failures = (ROOT / "playground" / "diagnosis.js").read_text(encoding="utf-8")
    for name in playground.SECTIONS:
        assert f"\n  {name}: {{" in failures
    assert "collapse" in found


def test_all_that_ships_fits_into_one_file_of_six_megabytes(file, names):
    text = file.read_text(encoding="utf-8")
    assert len(text.encode()) < playground.LIMIT
    for name in names:
        assert f'"name":"{name}"' in text
    # Addresses that a reader may follow are links; nothing else leads out of the page.
    assert "<script src" not in text
    assert '<link rel="stylesheet"' not in text


# --- in a browser ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("this machine has no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, file):
    """A function that opens the page. In the end: no error was heard, no request left the page."""
    opened, troubles = [], []

    def open_page(width=1280, **options):
        options = {"reduced_motion": "reduce", "color_scheme": "light", **options}
        page = browser.new_page(viewport={"width": width, "height": WIDTHS[width]}, **options)
        page.on("console", lambda message: troubles.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: troubles.append(str(error)))

        def asked(request):
            if not request.url.startswith((file.as_uri(), "data:", "blob:")):
                troubles.append(request.url)

        page.on("request", asked)
        page.goto(file.as_uri())
        page.wait_for_function("() => document.documentElement.dataset.ready", timeout=60_000)
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        page.close()
    assert troubles == []


def settled(page):
    """Wait until all that is to be drawn has been drawn."""
    page.wait_for_function(
        "() => !playground.explorer.stale && playground.explorer.jobsLeft === 0", timeout=30_000
    )


def choose(page, name):
    """Press a generator's button, and wait until its weights have been unpacked."""
    page.locator(f"#generators [data-name={name}]").click()
    page.wait_for_function("name => playground.explorer.generator.name === name", arg=name)
    page.locator(f"#generators [data-name={name}][aria-pressed=true]").wait_for()
    settled(page)


def picture(page, selector="#picture"):
    settled(page)
    return page.locator(selector).first.evaluate("canvas => canvas.toDataURL()")


def code(page):
    return np.array(page.evaluate("Array.from(playground.explorer.code())"))


@in_a_browser
def test_the_page_computes_what_keras_computes(open_page, names, by_class):
    """For 100 codes; by class with labels of all classes, pure ones and mixtures of two."""
    page = open_page()
    errors, milliseconds = {}, {}
    rng = np.random.default_rng(5)
    for k, name in enumerate([*names, "insects"]):
        choose(page, name)
        generator = by_class if name == "insects" else load_generator(name)
        space = LatentSpace(generator, count=1)
        z = rng.normal(size=(100, space.latent_dim)).astype("float32")
        labels = label_mixtures(len(space.class_names), 100)
        started = time.monotonic()
        codes = list(zip(z.tolist(), labels.tolist(), strict=True))
        drawn = page.evaluate(DRAW.format(k), codes)
        milliseconds[name] = 10 * (time.monotonic() - started)
        expected = np.asarray(generator(np.concatenate([z, labels], axis=1), training=False))
        assert expected.std() > 0.2
        errors[name] = float(abs(np.reshape(drawn, expected.shape) - expected).max())
    print(errors, milliseconds)  # the second with what it takes to pass them on
    assert max(errors.values()) < 1e-4  # far below one step of 256, which is 8e-3


def label_mixtures(classes, count):
    """Labels (count, classes): each class in turn, every second time with some of the next."""
    labels = np.zeros((count, classes), "float32")
    for k in range(count if classes else 0):
        share = (k % 5) / 5 if k % 2 else 0
        labels[k, k % classes] = 1 - share
        labels[k, (k + 1) % classes] += np.float32(share)
    return labels


@in_a_browser
@pytest.mark.parametrize("name", [playground.FIRST, "mnist_by_class"])
def test_directions_are_those_of_the_explorer(open_page, name):
    page = open_page()
    choose(page, name)
    space = LatentSpace(load_generator(name), count=8)
    assert space.latent_dim == 64  # of a generator by class too: the label has no direction
    shown = page.evaluate("Array.from(playground.explorer.generator.directions)")
    shown = np.reshape(shown, space.directions.shape)
    assert np.allclose(abs(np.sum(shown * space.directions, axis=1)), np.sum(shown**2, axis=1))


@in_a_browser
def test_a_map_that_is_switched_off_is_missing_as_in_keras(open_page, names):
    page = open_page()
    page.click("#tab-inside")
    settled(page)
    before = picture(page)
    page.locator(".map").nth(3).click()
    after = picture(page)
    assert after != before
    z = code(page)
    drawn = page.evaluate(
        "z => { const e = playground.explorer;"
        " return Array.from(e.generator.draw(z, [], { off: e.off })); }",
        z.tolist(),
    )
    generator = load_generator(names[0])
    x = z[None].astype("float32")
    switched = False
    for k, layer in enumerate(generator.layers):
        x = np.array(layer(x, training=False))
        following = generator.layers[k + 1 : k + 2]
        ends_block = not following or "conv" in following[0].name or "dense" in following[0].name
        if x.ndim == 4 and ends_block and not switched:  # the first maps
            x[..., 3] = 0
            switched = True
    assert abs(np.reshape(drawn, x.shape) - x).max() < 1e-4
    page.click("#tab-directions")  # another panel shows the whole generator again
    assert picture(page) == before
    page.click("#tab-inside")
    assert picture(page) == after
    page.get_by_role("button", name="Switch all on").click()
    assert picture(page) == before


@in_a_browser
def test_maps_are_sorted_by_what_the_image_loses_without_them(open_page):
    page = open_page()
    page.click("#tab-inside")
    page.get_by_role("button", name="Sort by effect").click()
    page.wait_for_function(
        "() => document.querySelector('#say').textContent.includes('matters most')"
    )
    first, last = (
        page.evaluate(
            "which => { const { explorer: e, panels: { inside } } = playground;"
            " const { last } = inside.blocks[inside.number];"
            " const image = off => Array.from(e.generator.draw(e.code(), [], { off }));"
            " const whole = image(undefined);"
            " return image(new Map([[last, new Set([inside.order.at(which)])]]))"
            "   .reduce((sum, x, i) => sum + Math.abs(x - whole[i]), 0); }",
            which,
        )
        for which in (0, -1)
    )
    assert first > last


@in_a_browser
def test_gradients_in_the_page_are_those_of_finite_differences(open_page):
    page = open_page()
    worst = page.evaluate("""() => {
      const { Network, LOSSES, average, RingGAN } = playground;
      const random = new RingGAN({}, 4).random;
      let worst = 0;
      for (const [kind, loss] of Object.entries(LOSSES)) for (const player of Object.keys(loss)) {
        const network = new Network([2, 7, 5, 1], random);
        const x = new Float64Array(2 * 9).map(() => random.normal());
        const value = () => average(network.forward(x), loss[player]).value;
        const { slopes } = average(network.forward(x), loss[player]);
        const found = network.backward(slopes);
        const pairs = [...network.parameters.map((p, k) => [p, found.parameters[k]]),
                       [x, found.inputs]];
        for (const [numbers, gradient] of pairs) for (let i = 0; i < numbers.length; i++) {
          const kept = numbers[i], h = 1e-6;
          numbers[i] = kept + h; const above = value();
          numbers[i] = kept - h; const below = value();
          numbers[i] = kept;
          worst = Math.max(worst, Math.abs((above - below) / (2 * h) - gradient[i]));
        }
      }
      return worst;
    }""")
    assert worst < 1e-7


@in_a_browser
@pytest.mark.parametrize("loss", ["non_saturating", "minimax", "hinge"])
def test_a_training_step_in_the_page_is_one_of_keras(open_page, loss):
    page = open_page()
    rng = np.random.default_rng(6)
    keras.utils.set_random_seed(6)
    networks = {"generator": small_network(2, 2, 8), "discriminator": small_network(2, 1, 8)}
    first = {key: [w.numpy() for w in network.weights] for key, network in networks.items()}
    rates = {"generator": 2e-3, "discriminator": 5e-3}
    adams = {key: keras.optimizers.Adam(rate, beta_1=0.5) for key, rate in rates.items()}
    batches = rng.normal(size=(4, 2, 16, 2)).astype("float32")

    import tensorflow as tf

    for real, z in batches:
        with tf.GradientTape(persistent=True) as tape:
            fake_logits = networks["discriminator"](networks["generator"](z))
            losses = {
                "discriminator": discriminator_loss(
                    networks["discriminator"](real), fake_logits, loss
                ),
                "generator": generator_loss(fake_logits, loss),
            }
        gradients = {k: tape.gradient(losses[k], networks[k].trainable_variables) for k in losses}
        for k, gradient in gradients.items():
            adams[k].apply(gradient, networks[k].trainable_variables)
    ended = page.evaluate(
        """({ first, batches, settings }) => {
          const gan = new playground.RingGAN(settings, 1);
          for (const key of ["generator", "discriminator"])
            gan[key].parameters.forEach((p, k) => p.set(first[key][k].flat()));
          for (const [real, z] of batches)
            gan.update(Float64Array.from(real.flat()), Float64Array.from(z.flat()));
          return Object.fromEntries(["generator", "discriminator"].map(
            (key) => [key, gan[key].parameters.map((p) => Array.from(p))]));
        }""",
        {
            "first": {key: [w.tolist() for w in weights] for key, weights in first.items()},
            "batches": batches.tolist(),
            "settings": {
                **{"gRate": 2e-3, "dRate": 5e-3, "gHidden": 8, "dHidden": 8},
                **{"loss": loss, "beta1": 0.5},
            },
        },
    )
    for key, network in networks.items():
        moved = 0
        for weight, here, before in zip(network.weights, ended[key], first[key], strict=True):
            assert np.allclose(np.reshape(here, weight.shape), weight.numpy(), atol=2e-5)
            moved = max(moved, abs(weight.numpy() - before).max())
        assert moved > 1e-3


@in_a_browser
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(open_page, width, scheme):
    page = open_page(width, color_scheme=scheme)

    def fits():
        settled(page)
        wide, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        return wide <= screen

    for panel in PANELS:
        page.click(f"#tab-{panel}")
        assert fits(), panel
        first = page.locator(f"#{panel} :is(button, input, select, .pad)").first
        first.scroll_into_view_if_needed()
        box = page.locator("#picture").bounding_box()
        assert box["width"] > 150  # what one moves and what it does are seen together
        assert 0 <= box["y"] <= WIDTHS[width] - box["height"] + 1, panel
    for name in ("mnist_by_class", "fashion_mnist_by_class"):
        choose(page, name)
        for panel in PANELS:
            page.click(f"#tab-{panel}")
            assert fits(), (name, panel)
    page.click("#tab-train")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@in_a_browser
def test_contrast_of_texts_is_at_least_that_of_wcag_aa(open_page):
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        style = page.evaluate("""() => {
          const style = getComputedStyle(document.documentElement);
          return Object.fromEntries(["page", "card", "text", "soft", "accent", "on-accent", "tint"]
            .map((name) => [name, style.getPropertyValue("--" + name).trim()]));
        }""")

        def luminance(color):
            parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
            r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
            return 0.2126 * r + 0.7152 * g + 0.0722 * b

        pairs = [("text", "page"), ("text", "card"), ("text", "tint"), ("soft", "page")]
        pairs += [("soft", "card"), ("accent", "card"), ("accent", "page"), ("on-accent", "accent")]
        for pair in pairs:
            low, high = sorted(luminance(style[name]) for name in pair)
            assert (high + 0.05) / (low + 0.05) >= 4.5, (scheme, pair)


REACHED = """() => {
  const shown = (e) => e.checkVisibility() && !e.disabled && e.tabIndex >= 0;
  const all = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex]")];
  return all.filter(shown).map((e) => { e.dataset.number ??= String(all.indexOf(e));
    return e.dataset.number; });
}"""
NAMELESS = """() => [...document.querySelectorAll("button, input, select, a[href], [role=img]")]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length || e.title))
  .map((e) => e.outerHTML.slice(0, 100))"""


@in_a_browser
@pytest.mark.parametrize("panel", [*PANELS, "train"])
def test_every_control_has_a_name_and_is_reached_by_tab(open_page, panel):
    page = open_page()
    choose(page, "fashion_mnist_by_class")
    page.click(f"#tab-{panel}")
    settled(page) if panel != "train" else None
    wanted = page.evaluate(REACHED)
    assert len(wanted) > 10
    assert page.evaluate(NAMELESS) == []
    page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(len(wanted) + 8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement?.dataset.number"))
    assert set(wanted) <= set(reached), page.evaluate(
        "numbers => numbers.map((n) => document.querySelector(`[data-number='${n}']`).outerHTML)",
        sorted(set(wanted) - {str(n) for n in reached}),
    )


@in_a_browser
def test_keys_move_sliders_tabs_map_and_feature_maps(open_page):
    page = open_page()
    before = picture(page)
    thumbnail = picture(page, ".thumb canvas >> nth=5")
    page.focus("#direction-0")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    moved = picture(page)
    assert moved != before
    assert picture(page, ".thumb canvas >> nth=5") != thumbnail  # drawn for the present code
    assert "0.5" in page.locator("#direction-0").get_attribute("aria-valuetext")
    page.focus("#undo")
    page.keyboard.press("Enter")  # the ten presses were one drag
    assert picture(page) == before
    page.focus("#tab-directions")
    page.keyboard.press("ArrowRight")
    assert page.locator("#tab-map").get_attribute("aria-selected") == "true"
    page.focus(".pad")
    page.keyboard.press("ArrowLeft")
    assert picture(page) != before
    page.keyboard.press("Home")
    assert picture(page) == before
    page.focus("#tab-map")
    page.keyboard.press("End")
    assert page.locator("#inside").is_visible()
    page.locator(".map").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert page.locator(".map").nth(1).get_attribute("aria-pressed") == "true"
    assert "Map 2 is off" in page.locator("#say").inner_text()
    assert picture(page) != before


@in_a_browser
def test_the_pointer_goes_where_it_points(open_page):
    page = open_page()
    page.locator(".row .thumb").nth(1).click()  # +3 of the first direction
    settled(page)
    assert page.evaluate("playground.explorer.steps[0]") == 3
    page.locator("#direction-0").dblclick(position={"x": 5, "y": 12})
    assert page.evaluate("playground.explorer.steps[0]") == 0
    page.click("#tab-map")
    settled(page)
    box = page.locator(".pad").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.up()
    settled(page)
    steps = page.evaluate("playground.explorer.steps")
    assert steps[:2] == pytest.approx([3, -1.5], abs=0.05)
    page.click("#tab-neighbors")
    there = page.evaluate("Array.from(playground.panels.neighbors.neighbor(2))")
    page.get_by_role("button", name="Go to neighbor 3").click()
    settled(page)
    assert np.allclose(code(page), 0.7 * np.array(there), atol=1e-6)


@in_a_browser
def test_arithmetic_takes_away_and_adds(open_page):
    page = open_page()
    page.click("#tab-arithmetic")
    settled(page)
    z = page.evaluate(
        "[playground.explorer.moved(), ...playground.panels.arithmetic.candidates]"
        ".map((each) => Array.from(each))"
    )
    page.get_by_role("button", name="Image 1", exact=True).click()
    page.get_by_role("button", name="Image 2", exact=True).click()
    page.get_by_role("button", name="Choose what is added").click()
    page.get_by_role("button", name="Image 5", exact=True).click()
    page.get_by_role("button", name="Take the result").click()
    settled(page)
    now, one, two, *_, five = np.array(z[:6])
    assert np.allclose(code(page), 0.7 * (now - (one + two) / 2 + five), atol=1e-5)


@in_a_browser
def test_a_walk_loops_and_other_controls_end_it(open_page):
    page = open_page()
    page.click("#tab-walk")
    settled(page)
    start = code(page)
    page.get_by_role("button", name="Play A to B").click()
    page.wait_for_function("() => playground.panels.walk.place > 0.2", timeout=20_000)
    page.get_by_role("button", name="Pause").click()
    settled(page)
    assert not np.allclose(code(page), start)
    page.get_by_role("button", name="Go to B").click()
    settled(page)
    end = page.evaluate("Array.from(playground.panels.walk.ends.B.z)")
    assert np.allclose(code(page), 0.7 * np.array(end), atol=1e-5)
    page.get_by_role("button", name="Play A to B").click()
    page.click("#new")
    settled(page)
    assert page.evaluate("playground.explorer.motion") is None


@in_a_browser
def test_motion_starts_by_itself_only_for_those_who_like_it(open_page):
    assert open_page().evaluate("playground.explorer.motion") is None
    moving = open_page(reduced_motion="no-preference")
    assert moving.evaluate("playground.explorer.motion.name") == "wander"
    moving.click("#wander")
    assert moving.evaluate("playground.explorer.motion") is None


def is_pressed(page):
    """The class whose button is pressed."""
    return page.locator(".class[aria-pressed=true]").inner_text()


@in_a_browser
def test_class_buttons_draw_and_mix_classes(open_page):
    page = open_page()
    assert not page.locator("#classes").is_visible()
    choose(page, "insects")
    ant, z = picture(page), code(page)
    assert is_pressed(page) == "ant"
    page.get_by_role("button", name="bee").focus()
    page.keyboard.press("Enter")
    bee = picture(page)
    assert bee != ant
    assert page.evaluate("playground.explorer.classes") == [0, 1, 0]
    assert is_pressed(page) == "bee"
    assert page.locator("#say").inner_text() == "Class bee."
    assert "class bee" in page.locator("#picture").get_attribute("aria-label")
    assert page.get_by_role("group", name="Class to draw").is_visible()
    page.get_by_label("Second class").select_option("ant")
    page.get_by_label("Mix in").focus()
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    settled(page)
    assert page.evaluate("playground.explorer.classes") == pytest.approx([0.25, 0.75, 0])
    assert page.get_by_label("Mix in").get_attribute("aria-valuetext") == "25%"
    label = page.locator("#picture").get_attribute("aria-label")
    assert "75% class bee, 25% class ant" in label
    page.keyboard.press("End")
    assert picture(page) == ant
    page.click("#undo")  # the presses were one drag
    assert picture(page) == bee
    assert (is_pressed(page), page.get_by_label("Mix in").input_value()) == ("bee", "0")
    page.click("#undo")
    assert picture(page) == ant
    assert is_pressed(page) == "ant"
    assert np.array_equal(code(page), z)  # neither ψ nor a direction, nor a class, moves the rest


@in_a_browser
def test_the_class_buttons_show_the_present_code_in_each_class(open_page):
    page = open_page()
    choose(page, "mnist_by_class")
    assert page.locator(".class").all_inner_texts() == list("0123456789")

    def strip():
        settled(page)
        images = page.evaluate(
            """[...document.querySelectorAll('.class canvas')].map((canvas) => {
              const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
              copy.drawImage(canvas, 0, 0);
              const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
              return Array.from(data).filter((_, k) => k % 4 === 0);
            })"""
        )
        return np.reshape(images, (10, 28, 28))

    z = np.tile(code(page), (10, 1))
    expected = LatentSpace(load_generator("mnist_by_class")).pixels(z, np.eye(10))[..., 0]
    assert abs(strip() - expected).max() <= 1
    page.get_by_role("button", name="7", exact=True).click()
    assert abs(strip() - expected).max() <= 1
    page.click("#new")
    assert abs(strip() - expected).max() > 50


@in_a_browser
def test_a_walk_between_classes_mixes_them_and_the_buttons_follow(open_page):
    page = open_page()
    choose(page, "insects")
    page.click("#tab-walk")
    page.get_by_role("button", name="bee").click()
    labels = page.evaluate("[0, 0.5, 1].map((t) => playground.panels.walk.at(t).classes)")
    assert labels == [[0, 1, 0]] * 3  # of ends that were not kept, the class is the chosen one
    page.get_by_role("button", name="Keep this image as A").click()
    page.get_by_role("button", name="cat").click()
    page.get_by_role("button", name="Keep this image as B").click()
    page.get_by_role("button", name="ant").click()
    page.get_by_role("button", name="Go to 33%").click()
    settled(page)
    assert page.evaluate("playground.explorer.classes") == pytest.approx([0, 2 / 3, 1 / 3])
    assert is_pressed(page) == "bee"
    assert page.get_by_label("Mix in").get_attribute("aria-valuetext") == "33%"
    page.get_by_role("button", name="Go to B").click()
    settled(page)
    assert page.evaluate("playground.explorer.classes") == [0, 0, 1]
    assert is_pressed(page) == "cat"


@in_a_browser
def test_downloads_are_a_png_and_gifs_that_repeat(open_page, tmp_path):
    page = open_page()

    def downloaded(button):
        with page.expect_download(timeout=60_000) as waiting:
            page.click(button)
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    with Image.open(downloaded("#png")) as image:
        assert image.size == (448, 448)
        assert image.format == "PNG"
        assert np.asarray(image.convert("L")).std() > 10
    page.click("#tab-walk")
    for name in (playground.FIRST, "cifar10_frogs"):
        choose(page, name)
        path = downloaded("#gif")
        size = page.evaluate("playground.explorer.generator.shape[0]")
        assert path.name == f"{name}.gif"
        with Image.open(path) as gif:
            assert gif.format == "GIF"
            assert gif.size == (8 * size, 8 * size)
            assert gif.n_frames == 48
            assert gif.info["loop"] == 0
            frames = [np.asarray(f.convert("RGB"), float) for f in ImageSequence.Iterator(gif)]
        apart = [abs(a - b).mean() for a, b in zip(frames, [*frames[1:], frames[0]], strict=True)]
        assert apart[-1] <= max(apart[:-1]) < 60  # it moves on in steps, over the end too
        assert abs(frames[0] - frames[24]).mean() > 2
        # Its first frame is A: what the page draws for it.
        drawn = page.evaluate(
            "() => { const { explorer: e, panels } = playground;"
            " const z = panels.walk.at(0).z.map((x) => e.psi * x);"
            " return Array.from(e.generator.draw(z, [])); }"
        )
        shape = page.evaluate("playground.explorer.generator.shape")
        small = 127.5 * (np.reshape(drawn, shape) + 1)
        coarse = frames[0].reshape(shape[0], 8, shape[1], 8, 3).mean(axis=(1, 3))
        assert abs(coarse - small).mean() < 12


@in_a_browser
def test_pixels_can_be_seen_as_squares(open_page):
    page = open_page()
    page.get_by_label("Pixels").check()
    with Image.open(io.BytesIO(base64.b64decode(picture(page).partition(",")[2]))) as image:
        pixels = np.asarray(image.convert("RGB"))
    size = page.evaluate("playground.explorer.generator.shape[0]")
    side = len(pixels) // size
    squares = pixels.reshape(size, side, size, side, 3)
    assert (squares == squares[:, :1, :, :1]).all()
    assert squares.std() > 10


@in_a_browser
def test_failures_in_training_are_named_and_lead_to_lesson_05(open_page):
    page = open_page()
    page.click("#tab-train")
    verdict = page.locator("#verdict")
    page.click("#step")
    assert "step 1 " in page.locator("#numbers").inner_text()
    page.get_by_role("button", name="Freeze D").click()
    page.wait_for_function("() => playground.training.gan.steps > 60", timeout=60_000)
    page.click("#run")
    assert verdict.inner_text() == "D is frozen"
    link = page.locator("#lesson")
    assert link.get_attribute("href").endswith("notebooks/05_training_pitfalls.ipynb")
    assert "esson 05" in link.inner_text()

    # Without the screen, to be quicker.
    found = page.evaluate("""() => {
      const { training } = playground;
      const names = {};
      for (const [name, steps] of [["healthy", 700], ["collapse", 450]]) {
        training.provoke(name);
        training.pause();
        training.advance(steps);
        training.draw();
        names[name] = document.querySelector("#diagnosis").dataset.name;
      }
      return names;
    }""")
    assert found == {"healthy": "healthy", "collapse": "collapse"}
    page.get_by_label("D's hidden layers").select_option("8")
    assert page.evaluate("playground.training.gan.discriminator.layers[0].outputs") == 8
    page.get_by_label("G's learning rate").select_option("0.01")
    assert page.evaluate("playground.training.gan.settings.gRate") == 0.01
    page.screenshot(path=os.environ.get("DCGAN_COURSE_SCREENSHOT") or None)


@in_a_browser
def test_the_code_of_the_generator_can_be_read_in_the_page(open_page):
    page = open_page()
    page.click("#tab-inside")
    page.locator("summary").click()
    shown = page.locator("#code").inner_text()
    assert shown.startswith("// A generator is this much arithmetic.")
    assert "conv_transpose(" in shown
    assert "networks.js" not in shown
    facts = json.loads(page.locator("#facts").text_content())
    assert facts["trouble"].startswith("https://github.com/")
