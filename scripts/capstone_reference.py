"""Measures what the capstone compares generators with, and the generators that it should know.

    python scripts/capstone_reference.py

Writes hidden_reference.npz in assignments/source/07_capstone: for each course data set the mean and
covariance of its test images' features, and a sketch of each generator that ships with the course.
It holds no image. A few seconds, on real data.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dcgan_course import load_images
from dcgan_course.files import load_arrays
from dcgan_course.latent.pretrained import FOLDER, shipped_generators

FOLDER_07 = ROOT / "assignments" / "source" / "07_capstone"


def main():
    spec = importlib.util.spec_from_file_location("capstone", FOLDER_07 / "capstone.py")
    capstone = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(capstone)
    arrays = {}
    for name in capstone.COURSE_DATA:
        test = load_images(name, split="test")
        if test.source != "real":
            raise SystemExit(f"{name} could not be had: a reference needs real images.")
        mean, covariance = capstone.moments(capstone.features(test.images))
        arrays[f"{name}_mean"] = mean.astype("float32")
        arrays[f"{name}_covariance"] = covariance.astype("float32")
        print(f"{name}: {len(test.images)} test images")
    for name in shipped_generators():
        stored, card = load_arrays(FOLDER / f"{name}.npz")  # the weights, and what goes with them
        weights = [stored[f"w{k}"] for k in range(card["arrays"])]
        arrays[f"known_{name}"] = capstone.sketch(weights)
    path = FOLDER_07 / "hidden_reference.npz"
    np.savez_compressed(path, **arrays)
    print(f"{path.name}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
