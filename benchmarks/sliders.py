"""How long a slider of the latent panel takes to a new picture: the widget itself is driven.

python benchmarks/sliders.py
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from dcgan_course.quiet import import_quietly

EVENTS = 300
LIMITS = {28: 30, 64: 60}  # milliseconds, at the 95th percentile


def measure(generator, events=EVENTS):
    """Milliseconds from a slider's event to the new picture, for each of `events` events."""
    from dcgan_course.latent.explorer import LatentExplorer

    panel = LatentExplorer(generator)
    sliders = panel.tabs.children[0].children  # the page of directions
    rng = np.random.default_rng(0)
    milliseconds = []
    for event in range(events + 10):
        slider = sliders[rng.integers(len(sliders))]
        value = round(float(rng.uniform(-3, 3)), 2)
        drawn, started = panel.drawn, time.perf_counter()
        slider.value = value
        if panel.drawn > drawn and event >= 10:  # a slider set to where it stands has no event
            milliseconds.append(1000 * (time.perf_counter() - started))
    return np.array(milliseconds)


def main():
    import_quietly()
    from dcgan_course import dcgan_generator
    from dcgan_course.training.recipes import lean_generator

    networks = {
        28: lean_generator(),
        64: dcgan_generator((64, 64, 3), latent_dim=100, widths=(256, 128, 64, 32)),
    }
    for size, generator in networks.items():
        started = time.perf_counter()
        milliseconds = measure(generator)
        seconds = time.perf_counter() - started - milliseconds.sum() / 1000
        print(
            f"{size} × {size}: median {np.median(milliseconds):.1f} ms, 95th percentile "
            f"{np.percentile(milliseconds, 95):.1f} ms (limit {LIMITS[size]} ms); "
            f"the panel was ready after {seconds:.1f} s"
        )


if __name__ == "__main__":
    main()
