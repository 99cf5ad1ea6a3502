// A map of two directions: drag over it, and the image follows.

import { byId, choice, element, signed } from "./dom.js";
import { LIMIT, REACH, nameOf } from "./directions.js";

const CELLS = 5; // pictures a side

export class MapPanel {
  constructor(explorer, box) {
    Object.assign(this, { explorer, box, jobs: [], across: 0, down: 1 });
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.handle = element("div", { class: "handle" });
    this.pad = element(
      "div",
      {
        class: "pad",
        tabindex: 0,
        role: "application",
        "aria-roledescription": "map of two directions",
        "aria-describedby": "map-help",
        on: {
          pointerdown: (event) => {
            this.pad.setPointerCapture(event.pointerId);
            this.follow(event);
          },
          pointermove: (event) => event.buttons && this.follow(event),
          keydown: (event) => this.key(event),
        },
      },
      this.canvas,
      this.handle,
    );
    this.where = byId("map-where");
  }

  renew() {
    const { generator } = this.explorer;
    const options = generator.ends.map((_, k) => [k, nameOf(generator, k)]);
    [this.across, this.down] = [0, Math.min(1, options.length - 1)];
    const choices = [
      ["Left to right", "across"],
      ["Top to bottom", "down"],
    ].map(([label, axis]) =>
      choice(label, options, this[axis], (value) => {
        this[axis] = Number(value);
        this.drawnFor = null;
        this.explorer.changed();
      }),
    );
    this.box.replaceChildren(
      element("div", { class: "fields" }, choices.map((each) => each.box)),
      this.pad,
    );
    this.drawnFor = null;
    const [height, width, channels] = generator.shape;
    [this.canvas.width, this.canvas.height] = [CELLS * width, CELLS * height];
    const tile = element("canvas");
    this.jobs = Array.from({ length: CELLS ** 2 }, (_, cell) => () => {
      // Where the handle is does not change the map: redraw only what something else has changed.
      if (this.fresh[cell]) return;
      this.fresh[cell] = true;
      const [row, column] = [Math.floor(cell / CELLS), cell % CELLS];
      const place = (k) => REACH * ((2 * k) / (CELLS - 1) - 1);
      const steps = { [this.across]: place(column), [this.down]: place(row) };
      this.explorer.thumbnail(tile, this.explorer.moved(steps));
      this.canvas.getContext("2d").drawImage(tile, column * width, row * height);
    });
  }

  follow(event) {
    const box = this.pad.getBoundingClientRect();
    // The centers of the outer pictures are at ±3.
    const place = (at, from, size) => {
      const inside = ((at - from) / size - 0.5) * ((2 * REACH * CELLS) / (CELLS - 1));
      return Math.max(-LIMIT, Math.min(LIMIT, inside));
    };
    this.move(place(event.clientX, box.left, box.width), place(event.clientY, box.top, box.height));
  }

  move(x, y) {
    const { explorer } = this;
    explorer.change("map", () => {
      explorer.steps[this.down] = y;
      explorer.steps[this.across] = x;
    });
  }

  key(event) {
    const size = event.shiftKey ? 0.5 : 0.1;
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const [x, y] = [this.explorer.steps[this.across], this.explorer.steps[this.down]];
    const limited = (value) => Math.max(-LIMIT, Math.min(LIMIT, value));
    if (event.key === "Home") this.move(0, 0);
    else if (event.key in steps) {
      const [dx, dy] = steps[event.key];
      this.move(limited(x + size * dx), limited(y + size * dy));
    } else return;
    event.preventDefault();
  }

  sync() {
    const { explorer } = this;
    const [x, y] = [explorer.steps[this.across], explorer.steps[this.down]];
    const at = (step) => `${Math.max(0, Math.min(100, 50 + (50 * step * (CELLS - 1)) / (REACH * CELLS)))}%`;
    [this.handle.style.left, this.handle.style.top] = [at(x), at(y)];
    const [first, second] = [this.across, this.down].map((k) => nameOf(explorer.generator, k));
    this.where.textContent = `${first}: ${signed(x)}, ${second}: ${signed(y)}`;
    this.pad.setAttribute("aria-label", this.where.textContent);
    const other = explorer.code({ [this.across]: 0, [this.down]: 0 }).join() + explorer.classes;
    if (other !== this.drawnFor) this.fresh = new Array(CELLS ** 2).fill(false);
    this.drawnFor = other;
  }
}
