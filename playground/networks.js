// Two small networks that learn in this page: layers, gradients, losses, Adam.
//
// It is lesson 01's `train_toy` without TensorFlow: a network is a list of dense layers with
// LeakyReLU between them, and its gradient is the chain rule, layer by layer, from the end to the
// beginning.

const SLOPE = 0.2; // of LeakyReLU for negative numbers

/** Dense layers with LeakyReLU between them. `sizes`: numbers in, hidden units, numbers out. */
export class Network {
  constructor(sizes, random) {
    this.layers = sizes.slice(1).map((outputs, k) => {
      const inputs = sizes[k];
      const limit = Math.sqrt(6 / (inputs + outputs)); // Keras's default: Glorot and Bengio 2010
      const weights = new Float64Array(inputs * outputs);
      for (let i = 0; i < weights.length; i++) weights[i] = limit * (2 * random.uniform() - 1);
      return { inputs, outputs, weights, bias: new Float64Array(outputs) };
    });
  }

  /** All trainable numbers: a weight and a bias array for each layer. */
  get parameters() {
    return this.layers.flatMap(({ weights, bias }) => [weights, bias]);
  }

  /**
   * The outputs for a batch, flat: sample by sample. The values of all layers are kept, because
   * `backward` needs them.
   */
  forward(x) {
    const count = x.length / this.layers[0].inputs;
    const values = [x];
    this.layers.forEach(({ inputs, outputs, weights, bias }, k) => {
      const last = k === this.layers.length - 1;
      const [from, to] = [values[k], new Float64Array(count * outputs)];
      for (let n = 0; n < count; n++) {
        const row = n * outputs;
        for (let o = 0; o < outputs; o++) to[row + o] = bias[o];
        for (let i = 0; i < inputs; i++) {
          const value = from[n * inputs + i];
          for (let o = 0; o < outputs; o++) to[row + o] += value * weights[i * outputs + o];
        }
        if (!last) for (let o = row; o < row + outputs; o++) if (to[o] < 0) to[o] *= SLOPE;
      }
      values.push(to);
    });
    this.values = values;
    return values.at(-1);
  }

  /**
   * The chain rule. Given the loss's slope for each output of the last `forward`, returns its slope
   * for each input, and for each of `parameters` (null where `withParameters` is false: G needs
   * D's slope for the fakes, and not for D's weights).
   */
  backward(slopes, { withParameters = true } = {}) {
    const gradients = [];
    for (let k = this.layers.length - 1; k >= 0; k--) {
      const { inputs, outputs, weights } = this.layers[k];
      const from = this.values[k];
      const count = from.length / inputs;
      const toInputs = new Float64Array(from.length);
      const toWeights = withParameters ? new Float64Array(weights.length) : null;
      const toBias = withParameters ? new Float64Array(outputs) : null;
      for (let n = 0; n < count; n++) {
        const row = n * outputs;
        if (withParameters) for (let o = 0; o < outputs; o++) toBias[o] += slopes[row + o];
        for (let i = 0; i < inputs; i++) {
          const value = from[n * inputs + i];
          let sum = 0;
          for (let o = 0; o < outputs; o++) sum += weights[i * outputs + o] * slopes[row + o];
          if (withParameters) {
            for (let o = 0; o < outputs; o++) toWeights[i * outputs + o] += value * slopes[row + o];
          }
          // LeakyReLU keeps the sign, so the value behind it tells which slope it had.
          toInputs[n * inputs + i] = k > 0 && value < 0 ? SLOPE * sum : sum;
        }
      }
      gradients.unshift(toWeights, toBias);
      slopes = toInputs;
    }
    return { inputs: slopes, parameters: withParameters ? gradients : null };
  }
}

/** Adam (Kingma and Ba 2015, arXiv:1412.6980), with Keras's epsilon. */
export class Adam {
  constructor(parameters, beta1 = 0.5, beta2 = 0.999) {
    Object.assign(this, { parameters, beta1, beta2, steps: 0 });
    this.means = parameters.map((each) => new Float64Array(each.length));
    this.squares = parameters.map((each) => new Float64Array(each.length));
  }

  step(gradients, rate) {
    this.steps += 1;
    const { beta1, beta2, steps } = this;
    // Both averages start at 0; this undoes their pull towards it.
    const size = (rate * Math.sqrt(1 - beta2 ** steps)) / (1 - beta1 ** steps);
    this.parameters.forEach((parameter, k) => {
      const [gradient, average, square] = [gradients[k], this.means[k], this.squares[k]];
      for (let i = 0; i < parameter.length; i++) {
        average[i] += (1 - beta1) * (gradient[i] - average[i]);
        square[i] += (1 - beta2) * (gradient[i] ** 2 - square[i]);
        parameter[i] -= (size * average[i]) / (Math.sqrt(square[i]) + 1e-7);
      }
    });
  }
}

export const sigmoid = (logit) => 1 / (1 + Math.exp(-logit));
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * The losses of dcgan_course/networks/losses.py. Each player has, for one logit, its loss and the
 * loss's slope; D has one for real samples and one for fakes.
 */
const CROSS_ENTROPY = {
  real: (l) => [softplus(-l), sigmoid(l) - 1],
  fake: (l) => [softplus(l), sigmoid(l)],
};
export const LOSSES = {
  non_saturating: { ...CROSS_ENTROPY, generator: (l) => [softplus(-l), sigmoid(l) - 1] },
  minimax: { ...CROSS_ENTROPY, generator: (l) => [-softplus(l), -sigmoid(l)] },
  hinge: {
    real: (l) => [Math.max(0, 1 - l), l < 1 ? -1 : 0],
    fake: (l) => [Math.max(0, 1 + l), l > -1 ? 1 : 0],
    generator: (l) => [-l, -1],
  },
};

/** The average loss over a batch of logits, and its slope for each of them. */
export function average(logits, loss) {
  const slopes = new Float64Array(logits.length);
  let sum = 0;
  logits.forEach((logit, i) => {
    const [value, slope] = loss(logit);
    sum += value / logits.length;
    slopes[i] = slope / logits.length;
  });
  return { value: sum, slopes };
}
