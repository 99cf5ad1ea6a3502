"""How a submission is run and shown: fair to the student, harmless to the class's grading.

nbgrader runs a submission's cells in one kernel, and gives the whole notebook up when that
kernel dies. Here a cell that kills or blocks the kernel costs its own marks only: the notebook is
run again without it.
"""

import time

from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from nbgrader.utils import is_grade
from traitlets import Integer, Unicode

PREPARE = "import dcgan_course.grading as _g; _g.prepare_kernel({memory}); del _g"


class FairExecute(Execute):
    """Runs a notebook, whatever its cells do.

    - A cell that takes longer than `timeout` is interrupted, and the next one runs.
    - A cell after which the kernel is dead, has no memory left, or does not answer an
      interrupt, is left out, and the notebook is run again in a new kernel.
    - After `budget` seconds the cells that are left get an error that says so.
    - What a cell writes to standard error is kept, but is no failure.
    """

    budget = Integer(240, help="Seconds for a whole notebook, all its runs together.").tag(
        config=True
    )
    memory = Integer(4 * 2**30, help="Bytes of data that a kernel may have.").tag(config=True)
    answer_within = Integer(5, help="Seconds in which an interrupted kernel should answer.").tag(
        config=True
    )

    def preprocess(self, nb, resources=None, km=None):
        """Run all cells; run them again without a cell that ends or blocks the kernel."""
        prepare = PREPARE.format(memory=self.memory)
        self.extra_arguments = [f"--IPKernelApp.exec_lines={prepare}"]
        self.raise_on_iopub_timeout = False
        self._index, self._left_out = None, {}
        self._deadline = time.monotonic() + self.budget
        while True:
            known = len(self._left_out)
            try:
                nb, resources = super().preprocess(nb, resources, km)
                break
            except DeadKernelError:
                if self._index is None:  # not a cell's fault: the kernel does not start
                    raise
                self.log.warning("Cell %s ended or blocked the kernel", self._index)
                if len(self._left_out) == known:
                    self._left_out[self._index] = (
                        "This cell ended the kernel. The notebook was run again without it."
                    )
            self._index = None
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                if output.get("name") == "stderr":
                    output.name = "stdout"
        return nb, resources

    def preprocess_cell(self, cell, resources, index):
        """Run one cell, unless it is known to do harm or the time is used up."""
        if cell.cell_type != "code":
            return cell, resources
        self._index = index
        reason = self._left_out.get(index)
        if time.monotonic() > self._deadline:
            reason = f"Not run: the notebook has used its {self.budget} seconds."
        if reason:
            cell.outputs = [new_output("error", ename="NotRun", evalue=reason, traceback=[reason])]
            return cell, resources
        cell, resources = super().preprocess_cell(cell, resources, index)
        errors = {output.get("ename") for output in cell.outputs}
        if "MemoryError" in errors:  # what it holds would be missing in all cells after it
            problem = f"needed more than {self.memory / 2**30:.0f} GB of memory"
        elif "CellTimeoutError" in errors and not self._answers():
            problem = f"ran longer than {self.timeout} seconds and could not be interrupted"
        else:
            return cell, resources
        self._left_out[index] = f"This cell {problem}. The notebook was run again without it."
        raise DeadKernelError(problem)

    def _answers(self):
        usual, self.timeout = self.timeout, self.answer_within
        try:
            return self.wait_for_reply(self.kc.kernel_info()) is not None
        finally:
            self.timeout = usual


class ShortFeedback(NbGraderPreprocessor):
    """Takes hidden tests out of a feedback page and leaves what they found."""

    note = Unicode("# … and further checks, on numbers of their own").tag(config=True)

    def preprocess_cell(self, cell, resources, cell_index):
        """Show the visible part of a test cell, and of an error the message alone."""
        if cell.cell_type != "code" or not is_grade(cell):
            return cell, resources
        kept, hidden = [], False
        for line in cell.source.splitlines():
            if "BEGIN HIDDEN TESTS" in line:
                kept.append(self.note)
            hidden = (hidden or "BEGIN HIDDEN TESTS" in line) and "END HIDDEN TESTS" not in line
            if not hidden and "END HIDDEN TESTS" not in line:
                kept.append(line)
        cell.source = "\n".join(kept)
        for output in cell.outputs:
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources
