"""nbgrader's settings for these assignments; nbgrader reads this file where it is started."""

import os
import sys
from pathlib import Path

from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    GetGrades,
    IgnorePattern,
    LimitOutput,
    SaveAutoGrades,
)

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from fair import FairExecute, ShortFeedback  # noqa: E402 - beside this file

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "dcgan"
c.CourseDirectory.root = str(HERE)
# Two submissions are graded at a time: the one waits for the other's few writes.
c.CourseDirectory.db_url = f"sqlite:///{HERE / 'gradebook.db'}?timeout=120"

# --- running a submission: where, seconds for a cell, for a notebook, bytes for its process ----
c.FairExecute.sandbox = os.environ.get("DCGAN_COURSE_SANDBOX", "auto")
c.FairExecute.secret = [str(HERE)]
# A cell takes a second or two; the first import of TensorFlow up to 15 on a slow disk.
c.FairExecute.timeout = int(os.environ.get("DCGAN_COURSE_CELL_SECONDS", "40"))
c.FairExecute.budget = 240
c.FairExecute.memory = 4 * 2**30
c.Autograde.autograde_preprocessors = [
    FairExecute,
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
    CheckCellMetadata,
]
# Test cells that a student has deleted come back, and count.
c.OverwriteCells.add_missing_cells = True
c.LimitOutput.max_lines = 200

# --- feedback shows what failed, no hidden test, and runs no script of a student's ---------------
c.HTMLExporter.sanitize_html = True
c.GenerateFeedback.preprocessors = [GetGrades, ShortFeedback, CSSHTMLHeaderPreprocessor]

# --- files of a learning platform ---------------------------------------------------------------
# Moodle: Ada Lovelace_1815_assignsubmission_file_/01_losses.ipynb, as folders or as files.
# Canvas: lovelaceada_1815_4711_01_losses-1.ipynb
# The capstone's second file comes along: generator.npz, generator-1.npz.
c.FileNameCollectorPlugin.valid_ext = [".ipynb", ".npz"]
c.FileNameCollectorPlugin.named_regexp = (
    r".*[/\\](?P<student_id>[^/\\_]+)_.*?(?P<file_id>0\d_[a-z_]*[a-z]|generator)[^/\\]*$"
)
