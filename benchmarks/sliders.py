"""How long a slider of the latent explorer takes to a new picture: the widget itself is driven.

python benchmarks/sliders.py

As in a notebook, events come in on an event loop: the time counts from a slider's event to the new
picture, with all waiting in between. Thumbnails are drawn once the reader pauses, and are measured
apart. The generators that ship are drawn by NumPy, others by TensorFlow.
"""

import asyncio
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from dcgan_course.quiet import import_quietly

EVENTS = 300
LIMITS = {28: 30, 32: 30, 64: 60}  # milliseconds, at the 95th percentile


def measure(panel, events=EVENTS):
    """Milliseconds from a slider's event to the new picture, for each of `events` events."""
    rng = np.random.default_rng(0)
    sliders = panel.directions.sliders

    async def drive():
        milliseconds = []
        for event in range(events + 10):
            slider = sliders[rng.integers(len(sliders))]
            value = float(rng.uniform(-3, 3))
            if abs(value - slider.value) < slider.step:  # so small a move is none
                continue
            drawn, started = panel.drawn, time.perf_counter()
            slider.value = value
            while panel.drawn == drawn:
                await asyncio.sleep(0)
            if event >= 10:
                milliseconds.append(1000 * (time.perf_counter() - started))
        return np.array(milliseconds)

    return asyncio.run(drive())


def thumbnails(panel, times=20):
    """Milliseconds for all that is drawn when the reader pauses."""
    milliseconds = []
    for _ in range(times):
        started = time.perf_counter()
        panel.settle()
        milliseconds.append(1000 * (time.perf_counter() - started))
    return np.array(milliseconds)


def main():
    import_quietly()
    from dcgan_course import dcgan_generator
    from dcgan_course.latent.explorer import LatentExplorer
    from dcgan_course.training.recipes import lean_generator

    generators = {
        "clothes that ship": "fashion_mnist",
        "frogs that ship": "cifar10_frogs",
        "lesson 03's": lean_generator(),
        "a large one": dcgan_generator((64, 64, 3), latent_dim=100, widths=(256, 128, 64, 32)),
    }
    for name, generator in generators.items():
        started = time.perf_counter()
        panel = LatentExplorer(generator)
        seconds = time.perf_counter() - started
        size = panel.pixels().shape[0]
        milliseconds, settling = measure(panel), thumbnails(panel)
        print(
            f"{name}, {size} × {size}: median {np.median(milliseconds):.1f} ms, 95th percentile "
            f"{np.percentile(milliseconds, 95):.1f} ms (limit {LIMITS[size]} ms); "
            f"thumbnails {np.median(settling):.0f} ms; the panel was ready after {seconds:.1f} s"
        )


if __name__ == "__main__":
    main()
