// A generator is this much arithmetic.
//
// A DCGAN's generator turns a latent vector z, some dozens of random numbers, into an image. Its
// layers multiply, add, and set negative numbers to zero; all that it has learned is in the numbers
// that it multiplies by. Lesson 02 builds the same layers with Keras.
//
// Feature maps are flat arrays in Keras's order: row by row, in a row pixel by pixel, and in a pixel
// channel by channel. The value at (row, column, channel) is at (row · width + column) · channels +
// channel.

const LAYERS = {
  /** A generator that draws by class gets the label with z: 1 for its class, 0 for the others. */
  join_label(_, [z], out, classes) {
    out.fill(0);
    out.set(z);
    out.set(classes, z.length);
  },

  /** Every output is a weighted sum of all inputs. */
  dense({ weights, bias }, [x], out) {
    startAt(bias, out);
    const count = out.length;
    for (let i = 0; i < x.length; i++) {
      if (x[i] === 0) continue;
      for (let o = 0; o < count; o++) out[o] += x[i] * weights[i * count + o];
    }
  },

  /**
   * A transposed convolution: every pixel of the small map stamps a kernel × kernel patch onto the
   * large one, `stride` pixels from the patch of its neighbor. Patches that overlap add up.
   */
  conv_transpose({ weights, bias, kernel, stride, before, shape, inputShape }, [input], out) {
    startAt(bias, out);
    const [height, width, filters] = shape;
    const [rows, columns, channels] = inputShape;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        for (let channel = 0; channel < channels; channel++) {
          const value = input[(row * columns + column) * channels + channel];
          if (value === 0) continue; // ReLU has set about half of them to zero
          for (let p = 0; p < kernel; p++) {
            const y = row * stride + p - before;
            if (y < 0 || y >= height) continue;
            for (let q = 0; q < kernel; q++) {
              const x = column * stride + q - before;
              if (x < 0 || x >= width) continue;
              const to = (y * width + x) * filters;
              const from = ((p * kernel + q) * channels + channel) * filters;
              for (let f = 0; f < filters; f++) out[to + f] += value * weights[from + f];
            }
          }
        }
      }
    }
  },

  /** A convolution: every output pixel is a weighted sum of a kernel × kernel patch. */
  conv({ weights, bias, kernel, stride, before, shape, inputShape }, [input], out) {
    startAt(bias, out);
    const [height, width, filters] = shape;
    const [rows, columns, channels] = inputShape;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const to = (y * width + x) * filters;
        for (let p = 0; p < kernel; p++) {
          const row = y * stride + p - before;
          if (row < 0 || row >= rows) continue;
          for (let q = 0; q < kernel; q++) {
            const column = x * stride + q - before;
            if (column < 0 || column >= columns) continue;
            for (let channel = 0; channel < channels; channel++) {
              const value = input[(row * columns + column) * channels + channel];
              if (value === 0) continue;
              const from = ((p * kernel + q) * channels + channel) * filters;
              for (let f = 0; f < filters; f++) out[to + f] += value * weights[from + f];
            }
          }
        }
      }
    }
  },

  /**
   * Batch norm after training: one multiplication and one addition for each channel. (Its mean,
   * variance, scale and offset are four numbers, but they make one straight line.)
   */
  affine({ scale, shift, channels }, [x], out) {
    for (let i = 0; i < out.length; i++) out[i] = scale[i % channels] * x[i] + shift[i % channels];
  },

  /** Negative numbers become zero (slope 0: ReLU) or small (slope 0.2: LeakyReLU). */
  relu({ slope }, [x], out) {
    for (let i = 0; i < out.length; i++) out[i] = x[i] > 0 ? x[i] : slope * x[i];
  },

  /** Any number becomes one between −1, black, and 1, white. */
  tanh(_, [x], out) {
    for (let i = 0; i < out.length; i++) out[i] = Math.tanh(x[i]);
  },

  /** The same numbers, read as maps. */
  same(_, [x], out) {
    out.set(x);
  },

  /** Every pixel becomes a block of factor × factor equal ones. */
  upsample({ factor, shape, inputShape }, [x], out) {
    const [height, width, channels] = shape;
    for (let y = 0; y < height; y++) {
      for (let column = 0; column < width; column++) {
        const [row, place] = [Math.floor(y / factor), Math.floor(column / factor)];
        const from = (row * inputShape[1] + place) * channels;
        out.set(x.subarray(from, from + channels), (y * width + column) * channels);
      }
    }
  },

  add(_, inputs, out) {
    out.fill(0);
    for (const x of inputs) for (let i = 0; i < out.length; i++) out[i] += x[i];
  },

  multiply(_, inputs, out) {
    out.fill(1);
    for (const x of inputs) for (let i = 0; i < out.length; i++) out[i] *= x[i];
  },

  /** Channels of several maps, one after the other. */
  concatenate({ widths, channels }, inputs, out) {
    for (let pixel = 0; pixel * channels < out.length; pixel++) {
      let to = pixel * channels;
      inputs.forEach((x, k) => {
        out.set(x.subarray(pixel * widths[k], (pixel + 1) * widths[k]), to);
        to += widths[k];
      });
    }
  },
};

function startAt(bias, out) {
  if (!bias) out.fill(0);
  else for (let i = 0; i < out.length; i++) out[i] = bias[i % bias.length];
}

/**
 * A trained generator.
 *
 * The page holds a description of it: layers in the order of computing, each with the numbers of
 * the layers that it takes its input from (0 is z), and all weights in one base64 text.
 */
export class Generator {
  constructor(description) {
    Object.assign(this, description); // name, title, latent, shape, classes, directions, …
  }

  /** Unpack the weights; does nothing the second time. */
  async load() {
    if (this.ready) return this;
    const arrays = await unpack(this.weights, this.arrays);
    delete this.weights;
    this.layers = this.layers.map((layer) => {
      const loaded = { ...layer, inputShape: this.shapeOf(layer.from[0]) };
      for (const name of ["weights", "bias", "scale", "shift"]) {
        if (name in layer) loaded[name] = arrays[layer[name]];
      }
      return loaded;
    });
    this.directions = arrays[this.directions];
    this.values = this.space();
    this.ready = true;
    return this;
  }

  shapeOf(number) {
    return number ? this.layers[number - 1].shape : [this.latent];
  }

  /** Direction k among the latent vectors, from the principal components of G's first maps. */
  direction(k) {
    return this.directions.subarray(k * this.latent, (k + 1) * this.latent);
  }

  /** Room for the values of all layers; `draw` fills it. Number 0 is z, then the layers follow. */
  space() {
    const size = (shape) => shape.reduce((product, n) => product * n, 1);
    return [[this.latent], ...this.layers.map((layer) => layer.shape)].map(
      (shape) => new Float32Array(size(shape)),
    );
  }

  /**
   * The image for a latent vector: a Float32Array in [−1, 1], which the next call overwrites.
   *
   * z: the latent vector. classes: the weight of each class, where the generator draws by class.
   * options.values: room for the values of all layers, from `space()`. options.off: a Map from the
   * number of a layer to the set of its channels that are switched off. options.start: the first
   * layer to compute, where earlier values are known already.
   */
  draw(z, classes = [], { values = this.values, off, start = 1 } = {}) {
    if (start === 1) values[0].set(z);
    for (let k = start; k <= this.layers.length; k++) {
      const layer = this.layers[k - 1];
      LAYERS[layer.op](layer, layer.from.map((i) => values[i]), values[k], classes);
      if (off?.has(k)) switchOff(values[k], off.get(k), layer.shape.at(-1));
    }
    return values.at(-1);
  }
}

function switchOff(maps, channels, count) {
  for (const channel of channels) for (let i = channel; i < maps.length; i += count) maps[i] = 0;
}

// --- the weights, from text to numbers ----------------------------------------------------

/** Base64 text → compressed bytes → arrays; `arrays` says where each is, and in which format. */
async function unpack(text, arrays) {
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  return arrays.map(({ format, at, count }) =>
    format === "float32"
      ? new Float32Array(bytes, at, count)
      : fromHalf(new Uint16Array(bytes, at, count)),
  );
}

/** Numbers of 16 bits: 1 for the sign, 5 for the exponent of 2, 10 for the digits. */
function fromHalf(halves) {
  const numbers = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const sign = halves[i] & 0x8000 ? -1 : 1;
    const exponent = (halves[i] >> 10) & 31;
    const digits = halves[i] & 1023;
    numbers[i] = sign * (exponent ? 2 ** (exponent - 25) * (1024 + digits) : 2 ** -24 * digits);
  }
  return numbers;
}
