// The state of the explorer: one latent vector, what moves it, and when pictures are redrawn.

import { Random, plus, scaled, spherical } from "./latent.js";
import { paint, paintLarge } from "./pictures.js";

const FRAME = 9; // milliseconds of a frame to spend on pictures, of the 16.7 that 60 a second leave

/**
 * One generator and one latent vector.
 *
 * The vector is ψ · (base + Σ steps · directions). Where the generator draws by class, `classes` is
 * the label beside it, a weight for each class; neither ψ nor a direction moves it. Panels show it from different sides. A panel has
 * `sync()`, called once a frame after a change, and `jobs`, functions that each redraw one small
 * picture: as many of them run in a frame as fit into it, in turns, so that sliders never wait.
 */
export class Explorer {
  constructor(canvas, say) {
    Object.assign(this, { canvas, say, smooth: true, panels: [], motion: null, history: [] });
    this.random = new Random(Date.now());
    this.psi = 0.7;
    this.jobsLeft = this.nextJob = this.drawn = 0;
    this.milliseconds = 0; // for one image, on average
  }

  async use(generator) {
    this.stop();
    await generator.load();
    this.generator = generator;
    this.history = [];
    this.off = new Map();
    this.spare = generator.space();
    this.base = new Random(generator.first).vector(generator.latent);
    this.steps = new Array(generator.ends.length).fill(0);
    this.choose(generator.classes.map((_, k) => (k === 0 ? 1 : 0)));
    this.drawn = this.milliseconds = 0;
    for (const panel of this.panels) panel.renew?.();
    this.changed();
  }

  // --- the latent vector ------------------------------------------------------------------

  /** Before ψ: the base, moved along the directions; `other` replaces some steps, by number. */
  moved(other = {}) {
    let z = this.base;
    this.steps.forEach((step, k) => {
      const by = k in other ? other[k] : step;
      if (by) z = plus(z, this.generator.direction(k), by);
    });
    return z;
  }

  /** What the generator gets. */
  code(other) {
    return scaled(this.moved(other), this.psi);
  }

  /** The image of a vector that ψ has not touched yet, painted on a small canvas. */
  thumbnail(canvas, z, classes = this.classes) {
    const image = this.generator.draw(scaled(z, this.psi), classes, { values: this.spare });
    paint(canvas, image, this.generator.shape);
  }

  // --- changes ------------------------------------------------------------------------------

  /** A change by the reader: `edit` makes it. One drag of a control is one step of `undo`. */
  change(control, edit) {
    this.stop();
    this.remember(control);
    edit();
    this.changed();
  }

  /** Take a vector as it is; all sliders go back to their middle. */
  goTo(z, classes = this.classes) {
    this.base = Float32Array.from(z);
    this.steps.fill(0);
    this.classes = [...classes];
  }

  /** Take a label that the reader has chosen; a walk only passes through others. */
  choose(classes) {
    this.classes = this.chosen = classes;
  }

  remember(control) {
    const now = performance.now();
    const same = control && control === this.lastControl && now - this.lastChange < 1000;
    [this.lastControl, this.lastChange] = [control, now];
    if (same) return;
    const { base, steps, psi, classes } = this;
    this.history.push({ base, steps: [...steps], psi, classes: [...classes] });
    if (this.history.length > 100) this.history.shift();
  }

  undo() {
    this.stop();
    const before = this.history.pop();
    this.lastControl = null;
    if (!before) return this.say("Nothing to undo.");
    Object.assign(this, before);
    this.choose(this.classes);
    this.changed();
    this.say("Undone.");
  }

  changed() {
    this.stale = true;
    this.jobsLeft = Infinity; // until the frame knows how many there are
    this.request();
  }

  // --- motion -------------------------------------------------------------------------------

  /** Let `move(seconds)` change the vector in every frame, until `stop` or any other change. */
  start(name, move) {
    this.stop();
    this.remember(null);
    this.motion = { name, move, since: performance.now() };
    this.changed();
  }

  stop() {
    if (!this.motion) return;
    this.motion = null;
    this.changed();
  }

  toggle(name, move) {
    if (this.motion?.name === name) this.stop();
    else this.start(name, move);
  }

  /** From image to image along arcs, a new one every three seconds. */
  wander() {
    const stops = [this.moved(), this.random.vector(this.generator.latent)];
    this.steps.fill(0);
    return (seconds) => {
      const leg = Math.floor(seconds / 3);
      while (stops.length < leg + 2) stops.push(this.random.vector(this.generator.latent));
      this.base = spherical(stops[leg], stops[leg + 1], eased(seconds / 3 - leg));
    };
  }

  // --- drawing ------------------------------------------------------------------------------

  request() {
    if (this.requested || this.paused) return;
    this.requested = true;
    requestAnimationFrame((now) => this.frame(now));
  }

  /** Stop drawing while another part of the page is shown; `pause(false)` goes on. */
  pause(paused) {
    if (paused) this.stop();
    this.paused = paused;
    if (!paused) this.changed();
  }

  frame(now) {
    this.requested = false;
    if (!this.generator?.ready) return;
    const started = performance.now();
    if (this.motion) {
      this.motion.move(Math.max(0, now - this.motion.since) / 1000);
      this.changed();
    }
    const panels = this.panels.filter((panel) => panel.shown !== false);
    if (this.stale) {
      this.stale = false;
      this.draw();
      for (const panel of panels) panel.sync?.();
    }
    const jobs = panels.flatMap((panel) => panel.jobs ?? []);
    this.jobsLeft = Math.min(this.jobsLeft, jobs.length);
    while (this.jobsLeft > 0 && performance.now() - started < FRAME) {
      this.nextJob = (this.nextJob + 1) % jobs.length;
      jobs[this.nextJob]();
      this.jobsLeft -= 1;
    }
    if (this.motion || this.jobsLeft > 0) this.request();
  }

  draw() {
    const started = performance.now();
    const image = this.generator.draw(this.code(), this.classes, { off: this.off });
    const spent = performance.now() - started;
    // Browsers compile what runs often: the first images take several times as long as the rest.
    if (this.drawn > 20) this.milliseconds += (this.milliseconds ? 0.1 : 1) * (spent - this.milliseconds);
    paintLarge(this.canvas, image, this.generator.shape, this.smooth);
    this.drawn += 1;
  }
}

/** From 0 to 1 with a soft start and a soft end. */
export const eased = (t) => t * t * (3 - 2 * t);

/** Back and forth between 0 and 1, one way in `seconds`. */
export const swing = (time, seconds) => eased(1 - Math.abs(((time / seconds) % 2) - 1));
