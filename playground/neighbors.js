// Images of latent vectors near the present one.

import { element, slider } from "./dom.js";
import { offsets, plus } from "./latent.js";

const COUNT = 8;

export class NeighborsPanel {
  constructor(explorer, box) {
    Object.assign(this, { explorer, box, jobs: [], distance: 0.5, seed: 1 });
  }

  renew() {
    const { explorer } = this;
    const look = () => {
      this.offsets = offsets(COUNT, explorer.generator.latent, this.seed);
      this.seed += 1;
      explorer.changed();
    };
    look();
    const others = element("button", { type: "button", text: "Other neighbors", on: { click: look } });
    const distance = slider(
      "Distance",
      { min: 0.1, max: 1.5, step: 0.05, value: this.distance, inWords: (d) => `${d.toFixed(2)} standard deviations` },
      (value) => {
        this.distance = value;
        explorer.changed();
      },
    );
    const cells = Array.from({ length: COUNT }, (_, k) => {
      const canvas = element("canvas", { "aria-hidden": "true" });
      const button = element(
        "button",
        {
          ...{ type: "button", class: "thumb", "aria-label": `Go to neighbor ${k + 1}` },
          on: { click: () => explorer.change(null, () => explorer.goTo(this.neighbor(k))) },
        },
        canvas,
      );
      return { button, canvas };
    });
    this.jobs = cells.map(({ canvas }, k) => () => explorer.thumbnail(canvas, this.neighbor(k)));
    const here = element("canvas", { role: "img", "aria-label": "The present image" });
    this.jobs.push(() => explorer.thumbnail(here, explorer.moved()));
    const grid = cells.map((cell) => cell.button);
    grid.splice(COUNT / 2, 0, element("div", { class: "thumb here" }, here));
    this.box.replaceChildren(
      element("div", { class: "fields" }, distance.box, others),
      element("div", { class: "around" }, grid),
    );
  }

  neighbor(k) {
    return plus(this.explorer.moved(), this.offsets[k], this.distance);
  }
}
