// The ring of eight Gaussians, and one training step of a GAN on it (lesson 01, section 6).

import { Adam, LOSSES, Network, average, sigmoid } from "./networks.js";
import { Random } from "./latent.js";

export const MODES = 8;
const RADIUS = 2;
const DEVIATION = 0.1;
export const CENTERS = Array.from({ length: MODES }, (_, k) => {
  const angle = (2 * Math.PI * k) / MODES;
  return [RADIUS * Math.cos(angle), RADIUS * Math.sin(angle)];
});

/** `count` real points, flat: x, y, x, y, … */
export function realPoints(count, random) {
  const points = new Float64Array(2 * count);
  for (let n = 0; n < count; n++) {
    const center = CENTERS[Math.floor(MODES * random.uniform())];
    points[2 * n] = center[0] + DEVIATION * random.normal();
    points[2 * n + 1] = center[1] + DEVIATION * random.normal();
  }
  return points;
}

/**
 * Which clusters G finds. A point is good if it lies within three standard deviations of a center;
 * a cluster is found if at least 1% of all points are good ones of it.
 */
export function modesCovered(points) {
  const counts = new Array(MODES).fill(0);
  const count = points.length / 2;
  for (let n = 0; n < count; n++) {
    const near = CENTERS.findIndex(
      ([x, y]) => Math.hypot(points[2 * n] - x, points[2 * n + 1] - y) < 3 * DEVIATION,
    );
    if (near >= 0) counts[near] += 1;
  }
  const good = counts.reduce((sum, each) => sum + each, 0) / count;
  return { found: counts.filter((each) => each >= 0.01 * count).length, good, counts };
}

export const HEALTHY = {
  gRate: 3e-3,
  dRate: 3e-3,
  gHidden: 32,
  dHidden: 32,
  loss: "non_saturating",
  beta1: 0.5,
  batch: 128,
};

/** A GAN of two small networks. `settings`: see `HEALTHY`; rates and loss may change later. */
export class RingGAN {
  constructor(settings, seed = 0) {
    this.settings = { ...HEALTHY, ...settings };
    const { gHidden, dHidden, beta1 } = this.settings;
    this.random = new Random(seed);
    this.generator = new Network([2, gHidden, gHidden, 2], this.random);
    this.discriminator = new Network([2, dHidden, dHidden, 1], this.random);
    this.gAdam = new Adam(this.generator.parameters, beta1);
    this.dAdam = new Adam(this.discriminator.parameters, beta1);
    this.steps = 0;
  }

  /** One update of D and one of G, on the same fakes. Returns what a training curve shows. */
  step() {
    const { batch } = this.settings;
    const codes = new Float64Array(2 * batch).map(() => this.random.normal());
    return this.update(realPoints(batch, this.random), codes);
  }

  update(real, codes) {
    const { gRate, dRate, loss } = this.settings;
    const D = this.discriminator;
    const G = this.generator;
    const fakes = G.forward(codes);

    // D's gradient: high logits for real points, low ones for fakes.
    const realLogits = D.forward(real);
    const onReal = average(realLogits, LOSSES[loss].real);
    const fromReal = D.backward(onReal.slopes).parameters;
    const fakeLogits = D.forward(fakes);
    const onFakes = average(fakeLogits, LOSSES[loss].fake);
    const fromFakes = D.backward(onFakes.slopes).parameters;

    // G's gradient: through D, whose weights stay, into the fakes, and through G.
    const forG = average(fakeLogits, LOSSES[loss].generator);
    const toFakes = D.backward(forG.slopes, { withParameters: false }).inputs;
    const gGradient = G.backward(toFakes).parameters;

    this.dAdam.step(fromReal.map((each, k) => each.map((x, i) => x + fromFakes[k][i])), dRate);
    this.gAdam.step(gGradient, gRate);
    this.steps += 1;
    const probability = (logits) => logits.reduce((sum, l) => sum + sigmoid(l), 0) / logits.length;
    return {
      dLoss: onReal.value + onFakes.value,
      gLoss: forG.value,
      real: probability(realLogits),
      fake: probability(fakeLogits),
      gGradient: Math.sqrt(gGradient.reduce((sum, g) => sum + g.reduce((s, x) => s + x * x, 0), 0)),
    };
  }
}
