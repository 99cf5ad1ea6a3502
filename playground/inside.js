// Inside the generator: its layers, their feature maps, and what is missing without one.
//
// Switching maps off to see what they are for follows GAN Dissection (Bau et al. 2019,
// arXiv:1811.10597).

import { byId, element } from "./dom.js";
import { LIMIT, nameOf } from "./directions.js";
import { paint } from "./pictures.js";

const WEIGHTED = ["dense", "conv", "conv_transpose"];

/** Layers in blocks: one that multiplies by weights, and what follows it up to the next. */
export function blocksOf(generator) {
  const blocks = [{ last: 0, shape: [generator.latent], title: "z" }];
  generator.layers.forEach((layer, k) => {
    if (layer.op === "join_label") Object.assign(blocks[0], { title: layer.title });
    else if (k === 0 || WEIGHTED.includes(layer.op)) blocks.push({});
    const block = blocks.at(-1);
    if (WEIGHTED.includes(layer.op)) Object.assign(block, layer);
    [block.last, block.shape] = [k + 1, layer.shape];
  });
  return blocks;
}

const sizeOf = (shape) =>
  shape.length === 3 ? `${shape[2]} maps of ${shape[0]} × ${shape[1]}` : `${shape.at(-1)} numbers`;

/** From black over orange to pale yellow: brighter is more, for all eyes. */
function heat(t) {
  const stops = [[10, 10, 24], [120, 28, 90], [240, 110, 40], [255, 245, 190]];
  const place = Math.max(0, Math.min(0.9999, t)) * (stops.length - 1);
  const [from, to] = [stops[Math.floor(place)], stops[Math.floor(place) + 1]];
  return from.map((value, k) => value + (place % 1) * (to[k] - value));
}
const HEAT = Array.from({ length: 256 }, (_, k) => heat(k / 255));

export class InsidePanel {
  constructor(explorer, box) {
    Object.assign(this, { explorer, box, jobs: [], number: 0 });
  }

  renew() {
    const { explorer } = this;
    this.blocks = blocksOf(explorer.generator);
    this.number = this.blocks.findIndex((block) => block.shape.length === 3);
    this.off = new Map(); // by block: the channels that are switched off
    this.layerButtons = this.blocks.map((block, k) => {
      const end = k === this.blocks.length - 1;
      const name = k === 0 ? block.title : end ? "image" : `layer ${k}`;
      return element(
        "button",
        { type: "button", class: "layer", on: { click: () => this.show(k) } },
        element("b", { text: name }),
        element("span", { text: end ? block.shape.slice(0, 2).join(" × ") : block.shape.join(" × ") }),
      );
    });
    const chain = this.layerButtons.flatMap((button, k) =>
      k ? [element("span", { class: "arrow", text: "→", "aria-hidden": "true" }), button] : [button],
    );
    this.sliders = [0, 1].slice(0, explorer.steps.length).map((k) => {
      const id = `inside-${k}`;
      const name = nameOf(explorer.generator, k);
      const input = element("input", {
        ...{ type: "range", id, min: -LIMIT, max: LIMIT, step: 0.05 },
        on: {
          input: () => explorer.change(id, () => (explorer.steps[k] = Number(input.value))),
        },
      });
      return { k, input, box: element("div", { class: "field wide" }, element("label", { for: id, text: name }), input) };
    });
    const compared = [
      ["all maps on", (all) => all],
      ["now", (_, now) => now],
      ["difference", (all, now) => now.map((x, i) => Math.max(-1, Math.min(1, x - all[i])))],
    ].map(([text, pick]) => {
      const canvas = element("canvas", { role: "img", "aria-label": text });
      return { pick, canvas, box: element("figure", {}, canvas, element("figcaption", { text })) };
    });
    this.jobs = [
      () => {
        const { generator, classes, spare, off } = explorer;
        const all = Float32Array.from(generator.draw(explorer.code(), classes, { values: spare }));
        const now = off.size
          ? Float32Array.from(generator.draw(explorer.code(), classes, { values: spare, off }))
          : all;
        for (const { pick, canvas } of compared) paint(canvas, pick(all, now), generator.shape);
      },
    ];
    this.about = element("p", { class: "about" });
    this.maps = element("div", { class: "maps", on: { keydown: (event) => this.key(event) } });
    this.rank = element("button", {
      ...{ type: "button", text: "Sort by effect on this image" },
      on: { click: () => this.sort() },
    });
    const all = element("button", {
      ...{ type: "button", text: "Switch all on" },
      on: { click: () => this.allOn() },
    });
    this.box.replaceChildren(
      element("div", { class: "chain", role: "group", "aria-label": "Layers" }, chain),
      element("div", { class: "fields two" }, this.sliders.map((each) => each.box)),
      element(
        "div",
        { class: "compare" },
        compared.map((each) => each.box),
        element("div", { class: "buttons" }, this.rank, all),
      ),
      this.about,
      this.maps,
    );
    this.show(this.number);
  }

  /** Show block k: a button for each of its maps, or its numbers as one strip. */
  show(k) {
    this.number = k;
    const { shape, multiplications, numbers } = this.blocks[k];
    const hasMaps = shape.length === 3;
    const channels = shape.at(-1);
    this.layerButtons.forEach((button, i) => button.setAttribute("aria-pressed", i === k));
    this.rank.disabled = !hasMaps;
    const cost = multiplications
      ? ` This layer has ${numbers.toLocaleString("en")} weights and makes ` +
        `${multiplications.toLocaleString("en")} multiplications per image.`
      : " They are random, or moved by your sliders." +
        (this.blocks[k].title === "z" ? "" : " The last ones are the label y, a weight for each class.");
    const what = hasMaps ? " Press a map to switch it off, or on again." : "";
    this.about.textContent = `${sizeOf(shape)}.${cost}${what}`;
    const wide = channels > 64 ? 40 : channels > 32 ? 52 : 66; // pixels for a map
    this.maps.style.setProperty("--map", `${hasMaps ? (channels > 3 ? wide : 160) : 400}px`);
    this.order = Array.from({ length: channels }, (_, c) => c);
    this.effects = null;
    this.canvases = Array.from({ length: hasMaps ? channels : 1 }, () => element("canvas"));
    this.buttons = hasMaps ? this.canvases.map((canvas, c) => this.mapButton(canvas, c)) : [];
    this.maps.replaceChildren(...(hasMaps ? this.buttons : this.canvases));
    this.maps.classList.toggle("numbers", !hasMaps);
    if (hasMaps) this.buttons[0].tabIndex = 0;
    else {
      this.canvases[0].setAttribute("role", "img");
      this.canvases[0].setAttribute("aria-label", `${channels} numbers as a strip, brighter is more`);
    }
    this.apply();
  }

  mapButton(canvas, channel) {
    return element(
      "button",
      {
        ...{ type: "button", class: "map", tabindex: -1, "aria-pressed": this.isOff(channel) },
        "aria-label": `Map ${channel + 1} off`,
        on: { click: () => this.switch(channel) },
      },
      canvas,
      element("i", { class: "bar" }),
    );
  }

  isOff(channel) {
    return this.off.get(this.number)?.has(channel) ?? false;
  }

  switch(channel) {
    const set = this.off.get(this.number) ?? new Set();
    if (!set.delete(channel)) set.add(channel);
    this.off.set(this.number, set);
    this.buttons[channel].setAttribute("aria-pressed", set.has(channel));
    this.explorer.say(`Map ${channel + 1} is ${set.has(channel) ? "off" : "on"}; ${this.count()} off.`);
    this.apply();
  }

  count() {
    return [...this.off.values()].reduce((sum, set) => sum + set.size, 0);
  }

  allOn() {
    this.off.clear();
    for (const button of this.buttons) button.setAttribute("aria-pressed", false);
    this.explorer.say("All maps are on.");
    this.apply();
  }

  /** Tell the explorer what is off: nothing, while another panel is shown. */
  apply() {
    const { explorer } = this;
    explorer.off = new Map();
    if (this.shown !== false) {
      for (const [k, set] of this.off) if (set.size) explorer.off.set(this.blocks[k].last, set);
    }
    explorer.changed();
  }

  /** Arrow keys move between maps, so that Tab does not have to pass a hundred of them. */
  key(event) {
    const now = this.order.findIndex((c) => this.buttons[c] === document.activeElement);
    const [first, second] = [this.order[0], this.order.find((c) => this.topOf(c) > this.topOf(this.order[0]))];
    const row = second === undefined ? this.order.length : this.order.indexOf(second) - this.order.indexOf(first);
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row };
    if (now < 0 || !(event.key in steps)) return;
    event.preventDefault();
    const to = this.order[Math.max(0, Math.min(this.order.length - 1, now + steps[event.key]))];
    for (const button of this.buttons) button.tabIndex = -1;
    this.buttons[to].tabIndex = 0;
    this.buttons[to].focus();
  }

  topOf(channel) {
    return this.buttons[channel].offsetTop;
  }

  /** Measure each map's effect: how far the image's pixels move, on average, without it. */
  async sort() {
    const { explorer } = this;
    const { generator } = explorer;
    const [number, { last, shape }] = [this.number, this.blocks[this.number]];
    const z = explorer.code();
    const values = generator.space();
    const whole = Float32Array.from(generator.draw(z, explorer.classes, { values }));
    const kept = Float32Array.from(values[last]);
    const effects = [];
    for (let channel = 0; channel < shape[2]; channel++) {
      values[last].set(kept);
      for (let i = channel; i < kept.length; i += shape[2]) values[last][i] = 0;
      const image = generator.draw(z, explorer.classes, { values, start: last + 1 });
      effects.push(image.reduce((sum, x, i) => sum + Math.abs(x - whole[i]), 0) / image.length);
      if (channel % 8 === 7) {
        await new Promise((done) => setTimeout(done)); // sliders go on meanwhile
        if (this.number !== number || explorer.generator !== generator) return;
      }
    }
    const most = Math.max(...effects);
    this.order.sort((a, b) => effects[b] - effects[a]);
    this.order.forEach((channel, place) => {
      const button = this.buttons[channel];
      button.style.setProperty("--effect", most ? effects[channel] / most : 0);
      button.tabIndex = place ? -1 : 0;
      this.maps.append(button);
    });
    explorer.say(`Map ${this.order[0] + 1} matters most to this image.`);
  }

  sync() {
    const { explorer } = this;
    for (const { k, input } of this.sliders) input.value = explorer.steps[k];
    const { last, shape } = this.blocks[this.number];
    const values = explorer.generator.values[last];
    const final = this.number === this.blocks.length - 1;
    const channels = shape.at(-1);
    let most = 1e-6;
    for (const value of values) most = Math.max(most, Math.abs(value));
    const share = (value) => (final ? (value + 1) / 2 : this.number ? value / most : 0.5 + value / most / 2);
    const [height, width] = shape.length === 3 ? shape : stripShape(channels);
    const step = shape.length === 3 ? channels : 1;
    this.canvases.forEach((canvas, channel) => {
      const pixels = new ImageData(width, height);
      for (let i = 0; i < width * height; i++) {
        const color = HEAT[Math.round(255 * Math.max(0, Math.min(1, share(values[i * step + channel]))))];
        pixels.data.set(color, 4 * i);
        pixels.data[4 * i + 3] = 255;
      }
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
      canvas.getContext("2d").putImageData(pixels, 0, 0);
    });
  }
}

/** Rows and columns for a strip of `count` numbers, about four times as wide as high. */
function stripShape(count) {
  let rows = Math.max(1, Math.floor(Math.sqrt(count / 4)));
  while (count % rows) rows -= 1;
  return [rows, count / rows];
}

/** The source of generator.js, which is in the page as it is in the repository. */
export function showCode() {
  const [, code] = byId("program").textContent.split("// ===== generator.js =====");
  byId("code").textContent = code.split("// ===== ")[0].trim();
}
