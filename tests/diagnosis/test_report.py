"""What the doctor says, in words and plots."""

import numpy as np
from test_rules import HEALTHY, SICK, rows

from dcgan_course.diagnosis.report import draw_report, report


def test_the_report_says_what_was_found_or_that_nothing_was():
    assert report(rows()) == "Nothing stands out (12 checks, up to step 440)."
    assert report([]).startswith("Too early to say")
    assert report(rows(4)).startswith("Too early to say")
    said = report(rows(**SICK["frozen_d"][0]))
    assert said.startswith("12 checks, up to step 440:\n- D hardly learns")


def test_the_report_as_a_figure_has_labels_and_the_numbers():
    figure = draw_report(rows(), "A title")
    assert figure._suptitle.get_text() == "A title"
    losses, probabilities, gradient, spread = figure.axes
    assert [axes.get_xlabel() for axes in figure.axes] == ["step"] * 4
    assert all(axes.get_ylabel() and axes.get_legend() for axes in figure.axes)
    np.testing.assert_allclose(probabilities.lines[1].get_ydata(), HEALTHY["d_fake"])
    assert gradient.get_yscale() == "log"


def test_a_figure_can_be_drawn_of_constant_data():
    draw_report(rows(spread_real=0.0, twins_real=0.0, g_gradient=0.0))
