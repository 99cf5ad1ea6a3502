"""Does reading keep ahead of training? Pictures a second, from files of CelebA's size.

    python benchmarks/pictures.py

2,000 drawn faces are enlarged to 178 × 218 and written as JPEG files into a temporary folder.
First they are only read, then a GAN is trained from them and from memory, in one run.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dcgan_course.quiet import import_quietly

COUNT, BATCH = 2000, 32


def write(folder):
    """Files like those of `img_align_celeba`."""
    import numpy as np
    from PIL import Image

    from dcgan_course.data.drawn.faces import draw_faces
    from dcgan_course.data.folder import ImageFolder, write_pictures

    def enlarged(image):
        wide = Image.fromarray(image).resize((178, 178), Image.Resampling.BICUBIC)
        tall = Image.new("RGB", (178, 218), wide.getpixel((2, 2)))
        tall.paste(wide, (0, 20))
        return np.asarray(tall)

    write_pictures(folder, map(enlarged, draw_faces(COUNT)[0]), quality=90)
    return ImageFolder(folder)


def reading(pictures, batches=60):
    """Pictures a second from disk to batches, with nothing else to do."""
    stream = iter(pictures.stream(BATCH, seed=0))
    next(stream)
    started = time.perf_counter()
    for _ in range(batches):
        next(stream)
    return batches * BATCH / (time.perf_counter() - started)


def training(gan, source, steps=60):
    """Pictures a second that a training takes from `source`, an `ImageFolder` or an array."""
    gan.fit(source, batch_size=BATCH, steps_per_epoch=3, verbose=0)  # compiles
    started = time.perf_counter()
    gan.fit(source, batch_size=BATCH, steps_per_epoch=steps, verbose=0)
    return steps * BATCH / (time.perf_counter() - started)


def main():
    import_quietly()
    import keras
    import numpy as np

    from dcgan_course.networks.layers import fast_policy
    from dcgan_course.training.faces import face_gan

    with tempfile.TemporaryDirectory() as folder:
        pictures = write(Path(folder))
        size = sum(path.stat().st_size for path in pictures.files) / COUNT / 1000
        held = pictures.load().astype("float32") / np.float32(127.5) - np.float32(1)
        print(f"{COUNT:,} JPEG files of 178 × 218, {size:.1f} KB each")
        alone = reading(pictures)
        print(f"reading alone:                    {alone:7,.0f} pictures a second")
        keras.mixed_precision.set_global_policy(fast_policy())
        for features in (32, 64):
            gan = face_gan(features)
            memory, disk = training(gan, held), training(gan, pictures)
            print(f"training, {features} features, from memory:{memory:7,.0f}")
            print(f"training, {features} features, from disk:  {disk:7,.0f} ({disk / memory:.0%})")
            print(f"  reading could feed {alone / disk:.0f} such trainings")


if __name__ == "__main__":
    main()
