// Arithmetic with latent vectors: this image, without those, with these.

import { element } from "./dom.js";
import { withoutAndWith } from "./latent.js";

const CANDIDATES = 12;
const SIGNS = { "−": "taken away", "+": "added" };

export class ArithmeticPanel {
  constructor(explorer, box) {
    Object.assign(this, { explorer, box, jobs: [], sign: "−" });
  }

  renew() {
    this.chosen = { "−": [], "+": [] };
    this.draw();
  }

  draw() {
    const { explorer } = this;
    const { latent } = explorer.generator;
    this.candidates = Array.from({ length: CANDIDATES }, () => explorer.random.vector(latent));
    this.build();
  }

  build() {
    const { explorer } = this;
    this.jobs = [];
    const picture = (z, label, action) => {
      const canvas = element("canvas", { "aria-hidden": "true" });
      this.jobs.push(() => explorer.thumbnail(canvas, typeof z === "function" ? z() : z));
      const attributes = { type: "button", class: "thumb", "aria-label": label };
      return element("button", { ...attributes, on: { click: action } }, canvas);
    };
    const put = (z) => {
      this.chosen[this.sign].push(z);
      this.build();
      explorer.say(`${this.chosen[this.sign].length} images are ${SIGNS[this.sign]}.`);
    };
    const sides = Object.keys(SIGNS).map((sign) =>
      element("button", {
        ...{ type: "button", "aria-pressed": this.sign === sign, text: `Choose what is ${SIGNS[sign]} (${sign})` },
        on: {
          click: (event) => {
            this.sign = sign;
            for (const each of sides) each.setAttribute("aria-pressed", each === event.target);
          },
        },
      }),
    );
    const tray = (sign) =>
      element(
        "div",
        { class: "tray", role: "group", "aria-label": `What is ${SIGNS[sign]}` },
        element("span", { class: "sign", text: sign, "aria-hidden": "true" }),
        this.chosen[sign].map((z, k) =>
          picture(z, `Remove image ${k + 1} from what is ${SIGNS[sign]}`, () => {
            this.chosen[sign].splice(k, 1);
            this.build();
          }),
        ),
        this.chosen[sign].length ? null : element("span", { class: "empty", text: `nothing ${SIGNS[sign]} yet` }),
      );
    const ready = Object.values(this.chosen).every((each) => each.length);
    const result = () =>
      ready ? withoutAndWith(explorer.moved(), this.chosen["−"], this.chosen["+"]) : explorer.moved();
    const take = () => explorer.change(null, () => explorer.goTo(result()));
    const more = [
      element("button", { type: "button", text: "Other images", on: { click: () => this.draw() } }),
      element("button", { type: "button", text: "Clear", on: { click: () => this.renew() } }),
    ];
    // Elements are made anew, so the one with the focus is found again by its place.
    const buttons = () => [...this.box.querySelectorAll("button")];
    const place = buttons().indexOf(document.activeElement);
    this.box.replaceChildren(
      element("div", { class: "buttons" }, sides),
      element(
        "div",
        { class: "strip candidates" },
        this.candidates.map((z, k) => picture(z, `Image ${k + 1}`, () => put(z))),
      ),
      element(
        "div",
        { class: "sum" },
        element("div", { class: "trays" }, tray("−"), tray("+")),
        element("span", { class: "sign", text: "=", "aria-hidden": "true" }),
        element(
          "div",
          { class: "result" },
          picture(result, "Take the result", take),
          element("span", { text: ready ? "press to take it" : "choose one of each" }),
        ),
      ),
      element("div", { class: "buttons" }, more),
    );
    if (place >= 0) buttons()[Math.min(place, buttons().length - 1)].focus();
    explorer.changed();
  }
}
