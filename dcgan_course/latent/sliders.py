"""The explorer's tabs with sliders: one for each direction, and one for each number of the code."""

import asyncio
from collections import deque

import numpy as np

from dcgan_course.latent.controls import Thumbnails, classed, text
from dcgan_course.latent.names import keep_name, read_names

REACH = 3  # standard deviations, to which a thumbnail leads
SWINGS, TICKS, PAUSE = 3, 64, 0.06  # how often a direction is played, in how many steps, seconds
STEP = 1 / 16  # which numbers in a browser hold exactly: it sends back what it must round
RAW_SHOWN = 8  # sliders for single numbers of the code at a time


class DirectionsPage:
    """A slider for each direction, between thumbnails of where it leads."""

    title = "Directions"

    def __init__(self, panel):
        import ipywidgets as w  # here, because only the widgets need it

        self.panel, self._playing = panel, None
        self.last = 0  # the direction that was moved last
        names = read_names(panel.folder, panel.space.digest)
        self.names = [self._name_field(index, names.get(index, "")) for index in self._indices()]
        self.sliders = [self._slider(index) for index in self._indices()]
        ends = [(index, end) for index in self._indices() for end in (-REACH, REACH)]
        self.thumbnails = Thumbnails(
            panel, ["…"] * len(ends), [self._go_to(*end) for end in ends], columns=2
        )
        self._plays = [
            classed(panel.make.button("Play", "", self._player(index)), "dx-icon", "dx-play")
            for index in self._indices()
        ]
        rows = [self._row(w, index) for index in self._indices()]
        for index in self._indices():
            self._label(index)
        head = classed(
            w.HBox([text(f"−{REACH}"), text("click an image to go there"), text(f"+{REACH}")]),
            "dx-head",
        )
        self.box = classed(w.VBox([head, *rows, self.thumbnails.style]), "dx-directions")

    def _indices(self):
        return range(len(self.panel.space.directions))

    def _slider(self, index):
        share = self.panel.space.shares[index]
        tip = (
            f"moves G's features along principal component {index + 1}, in standard deviations; "
            f"it holds {share:.0%} of their variance"
        )

        def changed(value):
            self.last = index

        control = f"direction {index}"
        return self.panel.make.slider(
            *("", tip, -4, 4, 0.0), step=STEP, control=control, changed=changed
        )

    def _name_field(self, index, name):
        import ipywidgets as w

        field = w.Text(value=name, placeholder=f"direction {index + 1}", continuous_update=False)
        field.description_tooltip = "type a name for what this direction changes"

        def keep(change):
            self._label(index)
            if self.panel.folder is not None:
                try:
                    keep_name(self.panel.folder, self.panel.space.digest, index, change["new"])
                except OSError as problem:
                    self.panel.say(f"The name cannot be kept: {problem}.")

        field.observe(keep, names="value")
        return classed(field, "dx-name")

    def _row(self, w, index):
        reset = self.panel.make.reset_button(self.sliders[index], lambda: 0.0)
        head = classed(w.HBox([self.names[index], self._plays[index], reset]), "dx-row-head")
        middle = classed(w.VBox([head, self.sliders[index]]), "dx-middle")
        low, high = self.thumbnails.buttons[2 * index : 2 * index + 2]
        return classed(w.HBox([low, middle, high]), "dx-row", "dx-direction")

    def name_of(self, index):
        """What the reader calls a direction, or its number."""
        return self.names[index].value.strip() or f"direction {index + 1}"

    def _label(self, index):
        name = self.name_of(index)
        self.thumbnails.label(2 * index, f"{name}: go to −{REACH}")
        self.thumbnails.label(2 * index + 1, f"{name}: go to +{REACH}")
        self._plays[index].description = self._plays[index].tooltip = f"play {name}"

    def _go_to(self, index, end):
        def go():
            self.sliders[index].value = float(end)

        return go

    def steps(self):
        """How far each direction is moved."""
        return [slider.value for slider in self.sliders]

    def refresh(self):
        """Draw where each direction leads from here, the other sliders as they are."""
        steps = np.array(self.steps())
        ends = np.repeat(steps[None], 2 * len(steps), axis=0)
        for index in self._indices():
            ends[2 * index : 2 * index + 2, index] = -REACH, REACH
        base = self.panel.base
        moved = [self.panel.space.moved(base, each) for each in ends]
        self.thumbnails.show(self.panel.images_at(np.stack(moved)))

    # --- back and forth ----------------------------------------------------------------

    def _player(self, index):
        def play():
            playing, self._playing = self._playing, None
            if playing:
                playing[1].cancel()
                self._plays[playing[0]].remove_class("dx-on")
            if playing is None or playing[0] != index:
                task = asyncio.get_running_loop().create_task(self.swing(index))
                self._playing = index, task
                self._plays[index].add_class("dx-on")

        return play

    async def swing(self, index):
        """Move a slider back and forth, some times: a page that was closed must not go on."""
        slider = self.sliders[index]
        start = slider.value
        phase = np.arcsin(np.clip(start / REACH, -1, 1))
        recent = deque(maxlen=20)
        for tick in range(1, SWINGS * TICKS + 1):
            there = REACH * np.sin(phase + 2 * np.pi * tick / TICKS)
            slider.value = float(np.round(there / STEP) * STEP)
            recent.append(slider.value)
            await asyncio.sleep(PAUSE)
            if slider.value not in recent:  # the reader has taken over
                break
        else:
            slider.value = start
        self._plays[index].remove_class("dx-on")
        self._playing = None


class NumbersPage:
    """Sliders for single numbers of the code, some at a time."""

    title = "Numbers"

    def __init__(self, panel):
        import ipywidgets as w

        self.panel = panel
        count = min(RAW_SHOWN, panel.space.latent_dim)
        self.first = w.BoundedIntText(
            min=0,
            max=max(0, panel.space.latent_dim - 1),
            step=count,
            description="from z[…]",
            description_tooltip="which numbers of the code the sliders below show",
            style={"description_width": "initial"},
        )
        self.first.observe(lambda change: self.refresh(), names="value")
        self.sliders = [self._slider(offset) for offset in range(count)]
        self.rows = [
            classed(
                w.HBox([slider, panel.make.reset_button(slider, self._drawn(offset))]), "dx-row"
            )
            for offset, slider in enumerate(self.sliders)
        ]
        hint = text("A code is a list of numbers. A single one rarely has a meaning of its own.")
        self.box = w.VBox([hint, self.first, *self.rows])

    def _slider(self, offset):
        def changed(value):
            # This sets the base code, to which directions and truncation are applied afterwards.
            self.panel.base[self.first.value + offset] = value

        tip = "one number of the code"
        return self.panel.make.slider("z", tip, -4, 4, 0.0, control=f"z {offset}", changed=changed)

    def _drawn(self, offset):
        return lambda: float(np.clip(self.panel.origin[self.first.value + offset], -4, 4))

    def refresh(self):
        """Set the sliders to the numbers of the code."""
        with self.panel.make.quietly():
            for offset, (slider, row) in enumerate(zip(self.sliders, self.rows, strict=True)):
                index = self.first.value + offset
                there = index < self.panel.space.latent_dim
                row.layout.display = "" if there else "none"
                if there:
                    slider.description = f"z[{index}]"
                    slider.value = float(np.clip(self.panel.base[index], slider.min, slider.max))
