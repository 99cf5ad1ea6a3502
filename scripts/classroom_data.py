"""Put the real images into a folder, to hand out where there is no network.

    python scripts/classroom_data.py FOLDER

Each data set becomes one .npz file there, or a folder of pictures, as DCGAN_COURSE_DATA wants
it. Downloads what Keras' cache lacks. Faces are left out, since CelebA's may not be handed on, and
so are pets, whose archive has 790 MB: for lesson 07's second data set, unpack it yourself into
FOLDER/oxford-iiit-pet.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from dcgan_course.data.load import load_images
from dcgan_course.data.sources import SOURCES
from dcgan_course.display.images import save_samples, to_uint8
from dcgan_course.files import write_beside

LEFT_OUT = ("pets",)


def save(name, folder):
    """Write one data set, if its real images can be had. Returns the path, or None."""
    path = folder / SOURCES[name].file
    if path.suffix != ".npz":
        return save_pictures(name, path)
    arrays = {}
    for split in ("train", "test"):
        found = load_images(name, split, standin_count=1)
        if found.source != "real":
            return None
        arrays[f"x_{split}"] = to_uint8(found.images).reshape(-1, *SOURCES[name].shape)
        if len(found.class_names) > 1:
            arrays[f"y_{split}"] = found.labels.astype("uint8")
    with write_beside(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **arrays)
    return path


def save_pictures(name, folder):
    """Write one data set as PNG files, which lose nothing."""
    found = load_images(name, standin_count=1)
    if found.source != "real":
        return None
    for number, image in enumerate(found.images, start=1):
        save_samples(folder / f"image_{number:04d}.png", image[None])
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    names = [name for name, source in SOURCES.items() if not source.no_download]
    for name in (name for name in names if name not in LEFT_OUT):
        path = save(name, folder)
        if path is None:
            missing.append(name)
        else:
            files = path.rglob("*.png") if path.is_dir() else [path]
            size = sum(file.stat().st_size for file in files)
            print(f"{name}: {path} ({size / 1e6:.1f} MB)")
    if missing:
        raise SystemExit(f"Not to be had just now: {', '.join(missing)}. See the message above.")
    print(f"On each machine set DCGAN_COURSE_DATA to a folder with these files, as to {folder}.")


if __name__ == "__main__":
    main()
