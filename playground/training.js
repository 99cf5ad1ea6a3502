// The training panel: a GAN on the ring of eight Gaussians, live.

import { byId, choice, element, slider } from "./dom.js";
import { FAILURES, diagnose, measured } from "./diagnosis.js";
import { Random } from "./latent.js";
import { sigmoid } from "./networks.js";
import { HEALTHY, MODES, RingGAN, realPoints } from "./ring.js";

const SIDE = 3.2; // the plane is shown from −SIDE to SIDE
const GRID = 40; // D's surface is computed at GRID × GRID places
const MEASURE_EVERY = 50; // steps between two measurements
const RATES = [1e-5, 1e-4, 5e-4, 1e-3, 3e-3, 5e-3, 1e-2, 3e-2];
const REAL_COLOR = "#1f6fb4";
const FAKE_COLOR = "#e8590c";
// From purple (fake) over white to green (real): ColorBrewer's PRGn, which color-blind eyes can
// tell apart too.
const PURPLE_TO_GREEN = [[118, 42, 131], [194, 165, 207], [247, 247, 247], [166, 219, 160], [27, 120, 55]];

export class TrainingPanel {
  constructor(facts, say) {
    Object.assign(this, { facts, say, seed: 1, running: false, settings: { ...HEALTHY } });
    this.canvas = byId("plane");
    this.curves = byId("curves");
    this.real = realPoints(240, new Random(1));
    const random = new Random(8);
    this.codes = new Float64Array(1000).map(() => random.normal());
    this.grid = new Float64Array(2 * GRID * GRID);
    for (let i = 0; i < GRID * GRID; i++) {
      this.grid[2 * i] = SIDE * ((2 * (i % GRID)) / (GRID - 1) - 1);
      this.grid[2 * i + 1] = SIDE * (1 - (2 * Math.floor(i / GRID)) / (GRID - 1));
    }
    this.build();
    this.restart();
  }

  build() {
    byId("run").addEventListener("click", () => this.toggle());
    byId("step").addEventListener("click", () => {
      this.pause();
      this.advance(1);
      this.draw();
    });
    byId("restart").addEventListener("click", () => {
      this.seed += 1;
      this.restart();
      this.say("Two new networks.");
    });
    const rate = (value) => [value, value ? value.toFixed(5).replace(/0+$/, "") : "0 (frozen)"];
    const units = [2, 4, 8, 16, 32, 64].map((count) => [count, `${count} units`]);
    const live = (name) => (value) => this.set({ [name]: Number(value) });
    const anew = (name) => (value) => this.set({ [name]: Number(value) }, { restart: true });
    const losses = [["non_saturating", "non-saturating"], ["minimax", "saturating"], ["hinge", "hinge"]];
    this.knobs = {
      gRate: choice("G's learning rate", RATES.map(rate), HEALTHY.gRate, live("gRate")),
      dRate: choice("D's learning rate", [0, ...RATES].map(rate), HEALTHY.dRate, live("dRate")),
      gHidden: choice("G's hidden layers", units, HEALTHY.gHidden, anew("gHidden")),
      dHidden: choice("D's hidden layers", units, HEALTHY.dHidden, anew("dHidden")),
      loss: choice("Loss", losses, HEALTHY.loss, (loss) => this.set({ loss })),
      beta1: choice("Adam's β₁", [[0, "0"], [0.5, "0.5"], [0.9, "0.9"]], HEALTHY.beta1, anew("beta1")),
    };
    this.speed = slider(
      "Speed",
      { min: 0, max: 2, step: 1, value: 2, inWords: (k) => ["5 steps a second", "1 step a frame", "as fast as it goes"][k] },
      () => {},
    );
    byId("knobs").append(...Object.values(this.knobs).map((knob) => knob.box), this.speed.box);
    byId("failures").append(
      ...Object.entries(FAILURES).map(([name, { button }]) =>
        element("button", {
          ...{ type: "button", text: button, "aria-pressed": name === "healthy" },
          on: { click: () => this.provoke(name) },
        }),
      ),
    );
    this.about = byId("failure-about");
  }

  /** Change settings. Rates and loss take effect at once; the networks' sizes need new networks. */
  set(settings, { restart = false } = {}) {
    Object.assign(this.settings, settings);
    if (restart) this.restart();
    else this.gan.settings = { ...this.settings };
    this.markFailure(null);
    this.say(restart ? "New networks with the new setting." : "The new setting is in use.");
  }

  provoke(name) {
    const { settings, about } = FAILURES[name];
    Object.assign(this.settings, HEALTHY, settings);
    for (const [key, knob] of Object.entries(this.knobs)) knob.select.value = this.settings[key];
    this.restart();
    this.markFailure(name);
    this.about.textContent = about;
    if (!this.running) this.toggle();
  }

  markFailure(name) {
    [...byId("failures").children].forEach((button, k) => {
      button.setAttribute("aria-pressed", Object.keys(FAILURES)[k] === name);
    });
    if (!name) this.about.textContent = "Your own settings.";
  }

  restart() {
    this.gan = new RingGAN(this.settings, this.seed);
    Object.assign(this, { rows: [], losses: [], surface: null, verdict: null });
    this.draw();
  }

  toggle() {
    this.running = !this.running;
    byId("run").textContent = this.running ? "❚❚ Pause" : "▶ Run";
    if (this.running) requestAnimationFrame((now) => this.frame(now));
  }

  pause() {
    if (this.running) this.toggle();
  }

  frame(now) {
    if (!this.running) return;
    const speed = Number(this.speed.input.value);
    if (speed === 0) {
      if (now - (this.lastStep ?? 0) > 200) {
        this.advance(1);
        this.lastStep = now;
      }
    } else {
      // Steps until the frame is nearly full, so that the picture keeps moving.
      const started = performance.now();
      do this.advance(1);
      while (speed === 2 && performance.now() - started < 9);
    }
    this.draw();
    requestAnimationFrame((next) => this.frame(next));
  }

  advance(steps) {
    for (let k = 0; k < steps; k++) {
      const row = this.gan.step();
      this.losses.push([row.dLoss, row.gLoss]);
      if (this.gan.steps % MEASURE_EVERY === 0) {
        this.rows.push(measured(this.gan, this.gan.generator.forward(this.codes), row));
      }
    }
  }

  // --- drawing ------------------------------------------------------------------------------

  draw() {
    const points = this.gan.generator.forward(this.codes);
    // The surface costs most, and changes least: every third picture will do.
    this.pictures = (this.pictures ?? 0) + 1;
    if (!this.surface || !this.running || this.pictures % 3 === 0) this.drawSurface();
    const context = this.canvas.getContext("2d");
    const { width, height } = this.canvas;
    context.imageSmoothingEnabled = true;
    context.drawImage(this.surface, 0, 0, width, height);
    this.dots(context, this.real, 5, REAL_COLOR, 0.75);
    this.dots(context, points, 4, FAKE_COLOR, 1);
    this.drawCurves();
    this.report(points);
  }

  drawSurface() {
    const logits = this.gan.discriminator.forward(this.grid);
    const pixels = new ImageData(GRID, GRID);
    logits.forEach((logit, i) => {
      const place = 0.9999 * sigmoid(logit) * (PURPLE_TO_GREEN.length - 1);
      const [from, to] = [PURPLE_TO_GREEN[Math.floor(place)], PURPLE_TO_GREEN[Math.floor(place) + 1]];
      if (from) pixels.data.set(from.map((value, k) => value + (place % 1) * (to[k] - value)), 4 * i);
      pixels.data[4 * i + 3] = 255;
    });
    this.surface ??= element("canvas", { width: GRID, height: GRID });
    this.surface.getContext("2d").putImageData(pixels, 0, 0);
  }

  dots(context, points, radius, color, alpha) {
    const { width } = this.canvas;
    const scale = width / (2 * SIDE);
    context.globalAlpha = alpha;
    context.fillStyle = color;
    context.strokeStyle = "white";
    context.lineWidth = 1;
    for (let n = 0; n < Math.min(points.length, 800); n += 2) {
      context.beginPath();
      context.arc(width / 2 + scale * points[n], width / 2 - scale * points[n + 1], radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  /** Both losses over the steps: each column of the canvas shows the average of its steps. */
  drawCurves() {
    const context = this.curves.getContext("2d");
    const { width, height } = this.curves;
    context.clearRect(0, 0, width, height);
    const count = this.losses.length;
    if (count < 2) return;
    const columns = Math.min(width / 2, count);
    const styles = [["#7b3294", []], [FAKE_COLOR, [8, 5]]];
    const means = [0, 1].map((player) =>
      Array.from({ length: columns }, (_, column) => {
        const [from, to] = [0, 1].map((k) => Math.floor((count * (column + k)) / columns));
        const part = this.losses.slice(from, Math.max(to, from + 1));
        return part.reduce((sum, losses) => sum + losses[player], 0) / part.length;
      }),
    );
    const most = Math.max(2, ...means.flat().filter(Number.isFinite));
    const least = Math.min(0, ...means.flat().filter(Number.isFinite));
    means.forEach((line, player) => {
      const [color, dashes] = styles[player];
      context.beginPath();
      context.setLineDash(dashes);
      context.lineWidth = 3;
      context.strokeStyle = color;
      line.forEach((value, column) => {
        const y = height - 6 - ((value - least) / (most - least)) * (height - 12);
        context.lineTo((column / (columns - 1)) * width, y);
      });
      context.stroke();
    });
  }

  report(points) {
    const now = measured(this.gan, points, {});
    const last = this.losses.at(-1);
    byId("numbers").textContent =
      `step ${this.gan.steps} · ${now.found} of ${MODES} clusters found · ` +
      `${Math.round(100 * now.good)}% good points` +
      (last ? ` · D's loss ${last[0].toFixed(2)}, G's loss ${last[1].toFixed(2)}` : "");
    const verdict = diagnose(this.rows, this.gan.settings);
    byId("evidence").textContent = verdict.evidence;
    if (verdict.name === this.verdict) return; // the live region speaks of changes alone
    this.verdict = verdict.name;
    byId("verdict").textContent = verdict.title;
    byId("diagnosis").dataset.name = verdict.name;
    const section = this.facts.sections[verdict.name];
    const sick = verdict.name in FAILURES && verdict.name !== "healthy";
    byId("lesson").hidden = !sick;
    byId("lesson").textContent = section ? `Lesson 05, section ${section}` : "Lesson 05: what goes wrong";
  }
}
