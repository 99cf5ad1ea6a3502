// From numbers to pictures on the screen, and to files.

import gifenc from "./vendor/gifenc.js";
import { element } from "./dom.js";

/** Numbers in [−1, 1] as the pixels of an ImageData. */
export function toPixels(values, [height, width, channels]) {
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) {
      const value = values[i * channels + (channels === 3 ? k : 0)];
      pixels.data[4 * i + k] = 127.5 * (value + 1); // clamped to 0…255, and rounded
    }
    pixels.data[4 * i + 3] = 255;
  }
  return pixels;
}

/** Draw an image at its own size; style sheets enlarge it. */
export function paint(canvas, values, shape) {
  if (canvas.width !== shape[1]) canvas.width = shape[1];
  if (canvas.height !== shape[0]) canvas.height = shape[0];
  canvas.getContext("2d").putImageData(toPixels(values, shape), 0, 0);
}

const small = element("canvas");
const doubled = [1, 2, 3].map(() => element("canvas"));

/**
 * Draw an image at the size of the canvas: smooth, or as squares, one for each pixel.
 *
 * Browsers enlarge by straight lines between pixels, which leaves visible stars and creases when
 * the factor is large. Doubling three times first rounds them off.
 */
export function paintLarge(canvas, values, shape, smooth) {
  paint(small, values, shape);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = smooth;
  context.globalCompositeOperation = "copy";
  let from = small;
  for (const to of smooth ? doubled : []) {
    const [width, height] = [2 * from.width, 2 * from.height];
    if (to.width !== width || to.height !== height) [to.width, to.height] = [width, height];
    const doubling = to.getContext("2d");
    doubling.globalCompositeOperation = "copy"; // smooth edges would let the last image shine through
    doubling.drawImage(from, 0, 0, width, height);
    from = to;
  }
  context.drawImage(from, 0, 0, canvas.width, canvas.height);
}

/** Offer a file for download. */
export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export const asPng = (canvas) => new Promise((done) => canvas.toBlob(done, "image/png"));

const nextFrame = () => new Promise((done) => setTimeout(done));

/**
 * A GIF that repeats forever. `count` frames, each drawn by `drawFrame(canvas, index)`;
 * `onProgress(index)` is called before each.
 */
export async function asGif(count, size, drawFrame, { delay = 60, gray = false, onProgress }) {
  const canvas = element("canvas", { width: size, height: size });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const gif = gifenc.GIFEncoder();
  const pixelsOf = (index) => {
    drawFrame(canvas, index);
    return context.getImageData(0, 0, size, size).data;
  };
  // 256 grays are exact. Of colors, those are kept that four frames show most.
  const palette = gray ? Array.from({ length: 256 }, (_, k) => [k, k, k]) : paletteOf(count, pixelsOf);
  for (let index = 0; index < count; index++) {
    onProgress?.(index);
    const pixels = pixelsOf(index);
    const numbers = gray
      ? Uint8Array.from({ length: size * size }, (_, i) => pixels[4 * i])
      : gifenc.applyPalette(pixels, palette);
    gif.writeFrame(numbers, size, size, { delay, ...(index === 0 ? { palette } : {}) });
    await nextFrame(); // so that the page goes on answering
  }
  gif.finish();
  return new Blob([gif.bytes()], { type: "image/gif" });
}

function paletteOf(count, pixelsOf) {
  const parts = [0, 1, 2, 3].map((k) => pixelsOf(Math.floor((k * (count - 1)) / 3)));
  const together = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.forEach((part, k) => together.set(part, k * part.length));
  return gifenc.quantize(together, 256);
}
