// What is wrong with the training on the ring: failures to provoke, and numbers that name them.
//
// Lesson 05 treats each of these on images, with a `Doctor` that knows many more.

import { MODES, modesCovered } from "./ring.js";

/** Settings that provoke a failure, or none. `section`: of lesson 05. */
export const FAILURES = {
  healthy: {
    button: "Healthy",
    settings: {},
    about: "Equal learning rates and equal networks.",
  },
  collapse: {
    button: "Make it collapse",
    settings: { gRate: 5e-3, dRate: 5e-4 },
    about: "G learns ten times as fast as D: it runs to wherever D is highest at the moment, with all its points.",
  },
  vanishing: {
    button: "Make G's gradient vanish",
    settings: { loss: "minimax", gRate: 1e-5, dRate: 1e-2 },
    about: "The saturating loss against a D that is far ahead: where D is sure, the loss is flat.",
  },
  frozen: {
    button: "Freeze D",
    settings: { dRate: 0 },
    about: "D never learns. Watch G's loss fall, and then look at its points.",
  },
  blind: {
    button: "Make D too small",
    settings: { dHidden: 4 },
    about: "Four hidden units cannot draw borders around eight clusters, so D has little to teach.",
  },
  optimizer: {
    button: "Make it swing",
    settings: { gRate: 1e-2, dRate: 1e-2, beta1: 0.9 },
    about: "High learning rates with a long memory of old gradients (β₁ = 0.9).",
  },
};

/** Numbers about a training, for `diagnose`; `points` are G's, from always the same codes. */
export function measured(gan, points, recent) {
  const count = points.length / 2;
  const center = [0, 0];
  for (let i = 0; i < points.length; i++) center[i % 2] += points[i] / count;
  let square = 0;
  for (let i = 0; i < points.length; i++) square += (points[i] - center[i % 2]) ** 2 / count;
  return { step: gan.steps, ...modesCovered(points), center, spread: Math.sqrt(square), ...recent };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/**
 * What the last measurements say: `{ name, title, evidence }`. They are read together, because one
 * moment says little about a game.
 */
export function diagnose(rows, settings) {
  const last = rows.at(-1);
  if (!last) return { name: "young", title: "Not started", evidence: "Press Run." };
  if (![last.gLoss, last.dLoss, last.spread].every(Number.isFinite)) {
    return { name: "broken", title: "The numbers have run away", evidence: "Choose lower rates and start again." };
  }
  if (settings.dRate === 0 && last.step >= 50) {
    const evidence = `D's weights have not moved in ${last.step} steps, so G's loss says nothing.`;
    return { name: "frozen", title: "D is frozen", evidence };
  }
  if (last.step < 300) {
    return { name: "young", title: "Too early to tell", evidence: "Most runs look sick in their first steps." };
  }
  const recent = rows.slice(-8);
  const typical = (name) => median(recent.map((row) => row[name]));
  const percent = (share) => `${Math.round(100 * share)}%`;
  const covered = `${last.found} of ${MODES} clusters found, ${percent(last.good)} good points`;
  if (settings.loss === "minimax" && typical("fake") < 0.02 && typical("gGradient") < 0.02) {
    const evidence =
      `D gives G's points ${percent(typical("fake"))} on average, and the norm of G's gradient is ` +
      `${typical("gGradient").toExponential(0)}.`;
    return { name: "vanishing", title: "G's gradient has vanished", evidence };
  }
  const gap = Math.abs(typical("real") - typical("fake"));
  const moves = recent.slice(1).map((row, k) =>
    Math.hypot(row.center[0] - recent[k].center[0], row.center[1] - recent[k].center[1]));
  const jump = moves.length ? median(moves) : 0;
  const few = typical("found") <= 2;
  if (settings.dHidden <= 8 && gap < 0.05 && last.good < 0.35) {
    const evidence =
      `D gives real points ${percent(typical("real"))} and G's points ${percent(typical("fake"))}, ` +
      `though they differ: ${covered}.`;
    return { name: "blind", title: "D is too small to tell them apart", evidence };
  }
  if (few && gap < 0.12 && (typical("spread") < 1 || jump > 0.3)) {
    const evidence =
      typical("spread") < 1
        ? `G's points have a standard deviation of ${typical("spread").toFixed(2)}, real ones of 2.0`
        : `All of G's points hop together, by ${jump.toFixed(1)} between two measurements, and D is too slow`;
    return { name: "collapse", title: "Mode collapse", evidence: `${evidence}; ${covered}.` };
  }
  if (jump > 0.5 || typical("spread") > 3.5) {
    const evidence =
      `The center of G's points moves by ${jump.toFixed(1)} between two measurements, while D tells fakes ` +
      `from real points; ${covered}.`;
    return { name: "optimizer", title: "It swings and never settles", evidence };
  }
  if (few && last.step >= 800) {
    return { name: "collapse", title: "Mode collapse", evidence: `${covered}.` };
  }
  if (last.found === MODES && last.good > 0.4) {
    return { name: "healthy", title: "Healthy", evidence: `${covered}.` };
  }
  return { name: "learning", title: "Nothing stands out", evidence: `${covered}.` };
}
