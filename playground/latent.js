// Latent vectors: random ones, and arithmetic with them.
//
// The same operations as in dcgan_course/latent/space.py. Lesson 09 explains them.

/** A stream of random numbers from a seed: `uniform()` in [0, 1), and `normal()` from N(0, 1). */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  uniform() {
    // Mulberry32: 32 bits of state, mixed well enough for pictures.
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  normal() {
    // Box and Muller: a random radius and a random angle give normal numbers.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A latent vector: `count` numbers from N(0, 1). */
  vector(count) {
    return Float32Array.from({ length: count }, () => this.normal());
  }
}

export const length = (a) => Math.sqrt(a.reduce((sum, x) => sum + x * x, 0));

/** a + t · b, the step that everything else is made of. */
export const plus = (a, b, t = 1) => a.map((x, i) => x + t * b[i]);

export const scaled = (a, t) => a.map((x) => t * x);

export const mean = (vectors) =>
  scaled(vectors.reduce((sum, each) => plus(sum, each)), 1 / vectors.length);

/** The point at `t` on the straight line from a (t = 0) to b (t = 1). */
export const linear = (a, b, t) => plus(scaled(a, 1 - t), b, t);

/**
 * The point at `t` on the arc from a to b.
 *
 * Vectors from N(0, I) in many dimensions have nearly the same length. The middle of a straight
 * line between two of them is shorter, and G has seldom seen such vectors; the arc keeps the length
 * (White 2016, arXiv:1609.04468).
 */
export function spherical(a, b, t) {
  const lengths = [length(a), length(b)];
  if (Math.min(...lengths) === 0) return linear(a, b, t);
  const cosine = a.reduce((sum, x, i) => sum + x * b[i], 0) / (lengths[0] * lengths[1]);
  const angle = Math.acos(Math.max(-1, Math.min(1, cosine)));
  if (Math.sin(angle) < 1e-6) return linear(a, b, t); // parallel: no arc is shortest
  const parts = [Math.sin((1 - t) * angle) / lengths[0], Math.sin(t * angle) / lengths[1]];
  const wanted = (1 - t) * lengths[0] + t * lengths[1];
  return a.map((x, i) => ((parts[0] * x + parts[1] * b[i]) * wanted) / Math.sin(angle));
}

/** `count` offsets in random directions; added to a vector they lead to its neighbors. */
export function offsets(count, size, seed) {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const direction = random.vector(size);
    return scaled(direction, Math.sqrt(size) / length(direction));
  });
}

/** kept − mean(without) + mean(added): the arithmetic of Radford et al. 2016, figure 7. */
export const withoutAndWith = (kept, without, added) =>
  plus(plus(kept, mean(without), -1), mean(added));
