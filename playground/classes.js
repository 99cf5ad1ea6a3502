// Which class to draw, where the generator draws by class.
//
// Such a generator gets a label y with its latent vector: 1 for the class, 0 for the others. In
// between are mixtures, which it has never been trained on. Lesson 10 trains one.

import { choice, element, slider } from "./dom.js";

const LEAST = 0.005; // weights below are not worth a word

export class ClassPanel {
  constructor(explorer, box) {
    Object.assign(this, { explorer, box, jobs: [] });
  }

  /** A button for each class, with the present latent vector drawn in it; and a slider to mix two. */
  renew() {
    const { explorer } = this;
    const { classes } = explorer.generator;
    [this.names, this.jobs] = [classes, []];
    this.box.hidden = classes.length === 0;
    if (!classes.length) return;
    [this.first, this.second, this.share] = [0, 1, 0];
    this.canvases = classes.map(() => element("canvas", { "aria-hidden": "true" }));
    this.buttons = classes.map((name, k) =>
      element(
        "button",
        { type: "button", class: "class", on: { click: () => this.pick(k) } },
        this.canvases[k],
        element("span", { text: name }),
      ),
    );
    this.jobs = this.canvases.map((canvas, k) => () =>
      explorer.thumbnail(canvas, explorer.moved(), this.pure(k)),
    );
    this.mix = slider(
      "Mix in",
      { min: 0, max: 1, step: 0.01, value: 0, inWords: (share) => `${Math.round(100 * share)}%` },
      (share) => this.choose("mix", { share }),
    );
    this.other = choice(
      "Second class",
      classes.map((name, k) => [k, name]),
      this.second,
      (k) => this.choose("second class", { second: Number(k) }),
    );
    const long = classes.some((name) => name.length > 3); // then names stand under the pictures
    this.box.replaceChildren(
      element(
        "div",
        { class: `classes${long ? " long" : ""}`, role: "group", "aria-label": "Class to draw" },
        this.buttons,
      ),
      element("div", { class: "fields" }, this.mix.box, this.other.box),
    );
  }

  /** The label of class k alone. */
  pure(k) {
    return this.names.map((_, i) => Number(i === k));
  }

  /** The label that the controls say. */
  label() {
    const [one, other] = [this.pure(this.first), this.pure(this.second)];
    return one.map((weight, k) => (1 - this.share) * weight + this.share * other[k]);
  }

  choose(control, changes) {
    const { explorer } = this;
    Object.assign(this, changes);
    const label = this.label();
    // A second class of which nothing is mixed in yet is no change that one could undo.
    if (label.join() === explorer.classes.join()) return explorer.choose(label);
    explorer.change(control, () => explorer.choose(label));
  }

  pick(k) {
    const second = k === this.second ? (k + 1) % this.names.length : this.second;
    this.choose(null, { first: k, second, share: 0 });
    this.explorer.say(`Class ${this.names[k]}.`);
  }

  /** The present label in words: "class 7", or "60% class 7, 40% class 9". */
  words() {
    const parts = this.sorted().filter(([weight]) => weight > LEAST);
    if (parts.length === 1) return `class ${parts[0][1]}`;
    return parts.map(([weight, name]) => `${Math.round(100 * weight)}% class ${name}`).join(", ");
  }

  sorted() {
    const named = this.explorer.classes.map((weight, k) => [weight, this.names[k], k]);
    return named.sort((a, b) => b[0] - a[0]);
  }

  /** After a walk or an undo the controls say what is drawn: of several classes, the two first. */
  sync() {
    if (!this.names.length) return;
    const now = this.explorer.classes;
    if (this.label().some((weight, k) => Math.abs(weight - now[k]) > 1e-6)) {
      const [[most, , first], [next, , second]] = this.sorted();
      [this.first, this.share] = [first, next / (most + next)];
      if (next > 0) this.second = second;
    }
    this.buttons.forEach((button, k) => button.setAttribute("aria-pressed", k === this.first));
    this.mix.set(this.share);
    this.other.select.value = this.second;
  }
}
