// Sliders along the directions that change most, with pictures of where they lead.

import { element, signed } from "./dom.js";
import { swing } from "./explorer.js";

export const REACH = 3; // where the thumbnails are, in standard deviations of the direction
export const LIMIT = 4; // how far sliders go

/** The name of direction k: what is less and what is more of, or its number. */
export function nameOf(generator, k) {
  const [less, more] = generator.ends[k];
  return less ? `${less} to ${more}` : `direction ${k + 1}`;
}

export class DirectionsPanel {
  constructor(explorer, box) {
    Object.assign(this, { explorer, box, rows: [], jobs: [], last: 0 });
  }

  /** New rows, for a new generator. */
  renew() {
    this.last = 0;
    this.rows = this.explorer.generator.ends.map((_, k) => this.row(k));
    this.jobs = this.rows.flatMap((row) => row.jobs);
    this.box.replaceChildren(...this.rows.map((row) => row.element));
  }

  row(k) {
    const { explorer } = this;
    const name = nameOf(explorer.generator, k);
    const [less, more] = explorer.generator.ends[k];
    const id = `direction-${k}`;
    const move = (to) => explorer.change(id, () => this.step(k, to));
    const input = element("input", {
      ...{ type: "range", id, min: -LIMIT, max: LIMIT, step: 0.05, value: 0, "aria-label": name },
      title: "Double-click to reset",
      on: { input: () => move(Number(input.value)), dblclick: () => move(0) },
    });
    const value = element("output", { for: id });
    const play = element("button", {
      ...{ type: "button", class: "plain", "aria-label": `Play ${name}`, title: "Back and forth" },
      on: {
        click: () =>
          explorer.toggle(id, (time) => this.step(k, REACH * (2 * swing(time + 1.25, 2.5) - 1))),
      },
    });
    const ends = [-REACH, REACH].map((place) => {
      const canvas = element("canvas", { "aria-hidden": "true" });
      const word = { [-REACH]: less, [REACH]: more }[place];
      const label = `Go to ${signed(place, 0)}${word ? `: ${word}` : ` of ${name}`}`;
      const button = element(
        "button",
        { type: "button", class: "thumb", "aria-label": label, on: { click: () => move(place) } },
        canvas,
      );
      return { button, job: () => explorer.thumbnail(canvas, explorer.moved({ [k]: place })) };
    });
    const middle = element(
      "div",
      { class: "middle" },
      element(
        "div",
        { class: "head" },
        element("span", { text: less || `direction ${k + 1}`, "aria-hidden": "true" }),
        element("span", { class: "center" }, play, value),
        element("span", { text: more, "aria-hidden": "true" }),
      ),
      input,
    );
    const row = element("div", { class: "row" }, ends[0].button, middle, ends[1].button);
    const sync = () => {
      const step = explorer.steps[k];
      input.value = step;
      value.textContent = Math.abs(step) < 0.025 ? "0" : signed(step);
      input.setAttribute("aria-valuetext", `${value.textContent} standard deviations`);
      const playing = explorer.motion?.name === id;
      play.textContent = playing ? "❚❚" : "▶";
      play.setAttribute("aria-pressed", playing);
    };
    return { element: row, sync, jobs: ends.map((end) => end.job) };
  }

  step(k, to) {
    this.explorer.steps[k] = to;
    this.last = k;
  }

  sync() {
    for (const row of this.rows) row.sync();
  }

  reset() {
    this.explorer.change("reset", () => this.explorer.steps.fill(0));
  }
}
