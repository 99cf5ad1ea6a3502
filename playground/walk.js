// A walk from one image, A, to another, B.

import { byId, choice, element, slider } from "./dom.js";
import { swing } from "./explorer.js";
import { linear, spherical } from "./latent.js";

const STOPS = 7; // pictures on the way
const SECONDS = 2.5; // from A to B

export class WalkPanel {
  constructor(explorer, box) {
    Object.assign(this, { explorer, box, jobs: [], path: "arc", place: 0, ends: {} });
  }

  renew() {
    const { explorer } = this;
    // So that there is something to play at once.
    const other = explorer.random.vector(explorer.generator.latent);
    // The class of an end is the one that was chosen last, until the end is kept.
    this.ends = { A: { z: explorer.base }, B: { z: other } };
    this.place = 0;
    this.stale = true;
    this.play = element("button", { type: "button", on: { click: () => this.toggle() } });
    const keep = ["A", "B"].map((end) =>
      element("button", {
        ...{ type: "button", text: `Keep this image as ${end}` },
        on: { click: () => this.keep(end) },
      }),
    );
    this.slider = slider(
      "From A to B",
      { min: 0, max: 1, step: 0.01, value: 0, inWords: (t) => `${Math.round(100 * t)}%` },
      (t) => explorer.change("walk", () => this.goTo(t)),
    );
    const path = choice("Path", [["arc", "along the arc"], ["line", "straight"]], this.path, (to) => {
      this.path = to;
      this.stale = true;
      explorer.changed();
    });
    const stops = Array.from({ length: STOPS }, (_, k) => {
      const t = k / (STOPS - 1);
      const canvas = element("canvas", { "aria-hidden": "true" });
      const label = k === 0 ? "Go to A" : k === STOPS - 1 ? "Go to B" : `Go to ${Math.round(100 * t)}%`;
      const button = element(
        "button",
        {
          ...{ type: "button", class: "thumb", "aria-label": label },
          on: { click: () => explorer.change("walk", () => this.goTo(t)) },
        },
        canvas,
      );
      return { button, canvas, t };
    });
    this.jobs = stops.map(({ canvas, t }) => () => {
      const { z, classes } = this.at(t);
      explorer.thumbnail(canvas, z, classes);
    });
    this.box.replaceChildren(
      element("div", { class: "buttons" }, keep, this.play, path.box),
      element("div", { class: "strip" }, stops.map((stop) => stop.button)),
      this.slider.box,
    );
  }

  keep(end) {
    const { explorer } = this;
    explorer.stop();
    this.ends[end] = { z: explorer.moved(), classes: [...explorer.classes] };
    this.place = end === "A" ? 0 : 1;
    explorer.changed();
    explorer.say(`This image is ${end} now.`);
  }

  /** The vector at t in [0, 1] on the way, and the label: ever more of B's. */
  at(t) {
    const { A, B } = this.ends;
    const way = this.path === "arc" ? spherical : linear;
    const [from, to] = [A, B].map((end) => end.classes ?? this.explorer.chosen);
    return { z: way(A.z, B.z, t), classes: from.map((weight, k) => (1 - t) * weight + t * to[k]) };
  }

  goTo(t) {
    const { z, classes } = this.at(t);
    this.place = t;
    this.explorer.goTo(z, classes);
  }

  toggle() {
    this.explorer.toggle("walk", (time) => this.goTo(swing(time, SECONDS)));
  }

  sync() {
    const playing = this.explorer.motion?.name === "walk";
    this.play.textContent = playing ? "❚❚ Pause" : "▶ Play A to B and back";
    this.slider.set(this.place);
  }
}
