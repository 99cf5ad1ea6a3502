"""The explorer's controls for a generator that draws by class: which class, and mixed with which.

The label is a weight for each class. Nothing else in the explorer moves it, except a walk between
codes of different classes.
"""

import numpy as np

from dcgan_course.latent.controls import Thumbnails, classed, text


class ClassControls:
    """Buttons for the classes, and a slider that mixes a second one in.

    Args:
        panel: the `LatentExplorer`.

    Attributes:
        box: the widgets.
    """

    def __init__(self, panel):
        import ipywidgets as w

        self._panel, self._names = panel, panel.space.class_names
        options = [(name, number) for number, name in enumerate(self._names)]
        tips = [f"draw class {name}, with the same code" for name in self._names]
        self.first = w.ToggleButtons(options=options, value=0, tooltips=tips)
        panel.make.follow(self.first, self._draw)
        self.share = panel.make.slider(
            "mix in",
            "how much of the second class there is in the label",
            *(0, 1, 0.0),
            control="mix",
            changed=lambda value: self._mix(),
        )
        self.second = w.Dropdown(options=options, value=1)
        self.second.description_tooltip = "the class to mix in"
        panel.make.follow(self.second, lambda number: panel.choose(self.weights(), "second class"))
        reset = panel.make.reset_button(self.share, lambda: 0.0)
        row = w.HBox([self.share, classed(self.second, "dx-second"), reset])
        self.box = w.VBox([classed(self.first, "dx-class-buttons"), classed(row, "dx-row")])
        self.box.add_class("dx-classes")

    def weights(self):
        """The label that the controls say: float32 (classes,)."""
        each = np.eye(len(self._names), dtype="float32")
        share = np.float32(self.share.value)
        return (1 - share) * each[self.first.value] + share * each[self.second.value]

    def show(self, label):
        """Let the controls say a label; of more than two classes, the two with most weight."""
        if np.allclose(self.weights(), label, atol=1e-3):
            return
        first, second = map(int, np.argsort(-label, kind="stable")[:2])
        self.first.value = first
        if label[second] > 0:
            self.second.value = second
        both = label[first] + max(label[second], 0)
        self.share.value = float(max(label[second], 0) / both) if both > 0 else 0.0

    def words(self):
        """The present label in words."""
        label = self._panel.label
        parts = [k for k in np.argsort(-label, kind="stable") if label[k] > 0.005]
        if len(parts) == 1:
            return f"class {self._names[parts[0]]}"
        return ", ".join(f"{label[k]:.0%} class {self._names[k]}" for k in parts)

    def _mix(self):
        self._panel.label = self._panel.chosen = self.weights()

    def _draw(self, number):
        """Draw one class, and nothing of another."""
        label = np.eye(len(self._names), dtype="float32")[number]
        with self._panel.make.quietly():
            self.share.value = 0.0
            if self.second.value == number:  # a class is mixed with another one
                self.second.value = (number + 1) % len(self._names)
        self._panel.choose(label, "class")


class ClassesPage:
    """The present code in every class, as pictures that choose the class."""

    title = "Classes"

    def __init__(self, panel):
        import ipywidgets as w

        self.panel = panel
        names = panel.space.class_names
        self.labels = np.eye(len(names), dtype="float32")
        self.thumbnails = Thumbnails(
            panel,
            [f"draw class {name}" for name in names],
            [self._choose(number) for number in range(len(names))],
            columns=4,
        )
        hint = text(
            "The same code in every class: the label decides what is drawn, the code in which "
            "style. Click an image to draw that class."
        )
        grid = classed(w.HBox(self.thumbnails.buttons), "dx-grid", "dx-five")
        self.box = w.VBox([hint, grid, self.thumbnails.style])

    def _choose(self, number):
        return lambda: self.panel.choose(self.labels[number], "class")

    def refresh(self):
        """Draw the present code in every class."""
        codes = np.broadcast_to(
            self.panel.position, (len(self.labels), self.panel.space.latent_dim)
        )
        self.thumbnails.show(self.panel.images_at(codes, self.labels))
