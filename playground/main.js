// Putting the page together.

import { byId, element, slider, tabs } from "./dom.js";
import { ArithmeticPanel } from "./arithmetic.js";
import { ClassPanel } from "./classes.js";
import { DirectionsPanel, nameOf } from "./directions.js";
import { Explorer, swing } from "./explorer.js";
import { Generator } from "./generator.js";
import { InsidePanel, showCode } from "./inside.js";
import { Random } from "./latent.js";
import { MapPanel } from "./map.js";
import { NeighborsPanel } from "./neighbors.js";
import { Network, Adam, LOSSES, average } from "./networks.js";
import { asGif, asPng, download, paint, paintLarge } from "./pictures.js";
import { RingGAN } from "./ring.js";
import { TrainingPanel } from "./training.js";
import { WalkPanel } from "./walk.js";

const GIF_FRAMES = 48;
const GIF_SCALE = 8; // its pixels for each of the image
const PNG_SCALE = 16;

const facts = JSON.parse(byId("facts").textContent);
const generators = [...document.querySelectorAll("script.generator")].map(
  (script) => new Generator(JSON.parse(script.textContent)),
);
const say = (text) => (byId("say").textContent = text);
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

const explorer = new Explorer(byId("picture"), say);
const classes = new ClassPanel(explorer, byId("classes"));
const panels = {
  directions: new DirectionsPanel(explorer, byId("direction-rows")),
  map: new MapPanel(explorer, byId("map-box")),
  walk: new WalkPanel(explorer, byId("walk-box")),
  neighbors: new NeighborsPanel(explorer, byId("neighbors-box")),
  arithmetic: new ArithmeticPanel(explorer, byId("arithmetic-box")),
  inside: new InsidePanel(explorer, byId("inside-box")),
};

// --- the column of the picture --------------------------------------------------------------

const psi = slider(
  "Truncation ψ",
  { min: 0, max: 1, step: 0.01, value: explorer.psi, inWords: (value) => value.toFixed(2) },
  (value) => explorer.change("psi", () => (explorer.psi = value)),
);
psi.input.id = "psi";
psi.box.querySelector("label").htmlFor = "psi";
byId("psi-box").prepend(psi.box);

const chooser = generators.map((generator) =>
  element("button", {
    ...{ type: "button", text: generator.title, "data-name": generator.name },
    on: { click: () => choose(generator) },
  }),
);
byId("generators").append(...chooser);

async function choose(generator) {
  if (!("DecompressionStream" in window)) {
    return say("This browser cannot unpack the generators. Use one from 2023 or later.");
  }
  await explorer.use(generator);
  chooser.forEach((button, k) => button.setAttribute("aria-pressed", generators[k] === generator));
  say(`${generator.title}: a generator of ${generator.shape[0]} × ${generator.shape[1]} images.`);
}

/** What belongs to no panel: labels of the picture, buttons that are pressed, the cost. */
const frame = {
  sync() {
    const { generator } = explorer;
    psi.set(explorer.psi);
    byId("wander").textContent = explorer.motion?.name === "wander" ? "❚❚ Pause" : "▶ Wander";
    const moved = explorer.steps
      .map((step, k) => (Math.abs(step) < 0.05 ? null : `${nameOf(generator, k)} ${step.toFixed(1)}`))
      .filter(Boolean);
    const drawn = generator.classes.length ? `, ${classes.words()}` : "";
    const label = `Generated image of a ${generator.noun}${drawn}${moved.length ? `; ${moved.join(", ")}` : ""}`;
    if (!explorer.motion) byId("picture").setAttribute("aria-label", label);
    const products = generator.layers.reduce((sum, layer) => sum + (layer.multiplications ?? 0), 0);
    if (explorer.drawn % 20 === 0 || this.told !== generator) {
      this.told = generator;
      byId("cost").textContent =
        `${generator.latent} random numbers${generator.classes.length ? " and a class" : ""}, ${(products / 1e6).toFixed(1)} million multiplications` +
        (explorer.milliseconds ? `, ${explorer.milliseconds.toFixed(1)} ms` : "");
    }
    byId("gif").textContent = `GIF: ${shownPanel === "walk" ? "A to B" : `direction ${panels.directions.last + 1}`}`;
  },
};
let shownPanel = "directions";
explorer.panels = [classes, frame, ...Object.values(panels)];

const actions = {
  new: () =>
    explorer.change(null, () => {
      explorer.goTo(explorer.random.vector(explorer.generator.latent));
      say("A new image.");
    }),
  wander: () => {
    if (explorer.motion?.name === "wander") explorer.stop();
    else explorer.start("wander", explorer.wander());
  },
  undo: () => explorer.undo(),
  reset: () => panels.directions.reset(),
  png: async () => {
    const { generator, classes, off, smooth, spare } = explorer;
    const [height, width] = generator.shape.map((pixels) => PNG_SCALE * pixels);
    const large = element("canvas", { width, height });
    const image = generator.draw(explorer.code(), classes, { values: spare, off });
    paintLarge(large, image, generator.shape, smooth);
    download(await asPng(large), `${generator.name}.png`);
    say("The image is in your downloads.");
  },
  gif: saveGif,
};
for (const [id, action] of Object.entries(actions)) byId(id).addEventListener("click", action);

byId("pixels").addEventListener("change", (event) => {
  explorer.smooth = !event.target.checked;
  document.body.classList.toggle("pixels", event.target.checked);
  explorer.changed();
});

/** The walk, where its panel is shown; elsewhere the direction that was moved last, and back. */
async function saveGif() {
  const { generator, smooth, psi: strength } = explorer;
  const { last: k } = panels.directions;
  const present = [...explorer.classes];
  const path = (share) => {
    if (shownPanel === "walk") return panels.walk.at(share);
    return { z: explorer.moved({ [k]: 6 * share - 3 }), classes: present };
  };
  // All codes first: the reader may go on moving sliders meanwhile.
  const stops = Array.from({ length: GIF_FRAMES }, (_, n) => path(swing(n, GIF_FRAMES / 2)));
  const values = generator.space();
  byId("gif").disabled = true;
  const drawFrame = (canvas, n) => {
    const image = generator.draw(stops[n].z.map((x) => strength * x), stops[n].classes, { values });
    paintLarge(canvas, image, generator.shape, smooth);
  };
  const blob = await asGif(GIF_FRAMES, GIF_SCALE * generator.shape[0], drawFrame, {
    gray: generator.shape[2] === 1,
    onProgress: (n) => n % 12 === 0 && say(`Drawing the GIF: ${n} of ${GIF_FRAMES} frames.`),
  });
  byId("gif").disabled = false;
  download(blob, `${generator.name}.gif`);
  say("The GIF is in your downloads.");
}

// --- tabs, theme, and the start ---------------------------------------------------------------

const training = new TrainingPanel(facts, say);
byId("lesson").href = facts.trouble;

const showPanel = tabs(byId("panel-tabs"), (id) => {
  shownPanel = id;
  for (const [name, panel] of Object.entries(panels)) panel.shown = name === id;
  if (explorer.generator?.ready) panels.inside.apply();
});
const showPart = tabs(byId("part-tabs"), (id) => {
  explorer.pause(id !== "explore");
  if (id !== "train") training.pause();
  else training.draw();
});

byId("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
  document.documentElement.dataset.theme = dark ? "light" : "dark";
});

showCode();
showPanel(byId("panel-tabs").querySelector("[role=tab]"));
showPart(byId("part-tabs").querySelector("[role=tab]"));
await choose(generators[0]);
if (!calm && explorer.generator) explorer.start("wander", explorer.wander());
document.documentElement.dataset.ready = performance.now().toFixed(0); // milliseconds to start

// For the browser's console: the parts of this page, to try things out with.
window.playground = {
  ...{ explorer, panels, generators, training, Generator, Random, paint, paintLarge },
  ...{ Network, Adam, LOSSES, average, RingGAN },
};
