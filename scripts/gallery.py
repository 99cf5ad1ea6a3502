"""Draws the sets of images that assignment 6 asks students to judge.

    python scripts/gallery.py

Writes gallery.npz in assignments/source/06_metrics: training and held-out images, and the sets A
to D, each by another maker. A few seconds.
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dcgan_course.grading.gallery import VERDICTS, ellipses, generated

COUNT = 300
ORDER = (2, 0, 3, 1)  # which maker A, B, C and D have


def main():
    rng = np.random.default_rng(2021)
    sets = {"train": ellipses(rng, COUNT), "held_out": ellipses(rng, COUNT)}
    for name, maker in zip("ABCD", ORDER, strict=True):
        sets[name] = generated(VERDICTS[maker], rng, sets["train"], COUNT)
    pixels = {name: np.round(127.5 * (x + 1)).astype("uint8") for name, x in sets.items()}
    path = ROOT / "assignments" / "source" / "06_metrics" / "gallery.npz"
    np.savez_compressed(path, **pixels)
    print(f"{path.name}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
