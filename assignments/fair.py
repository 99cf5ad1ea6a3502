"""How a submission is run and shown: fair to the student, harmless to everybody else.

nbgrader runs a submission's cells in the teacher's account, tests included, and gives the whole
notebook up when the kernel dies. Here the cells run in a sandbox, hidden tests in this process
ask them for values, and a cell that ends or blocks its process costs its own marks only.
"""

from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_locked, is_solution
from traitlets import Integer, List, Unicode

from dcgan_course.grading import sandbox
from dcgan_course.grading.cells import hidden_part, visible_part
from dcgan_course.grading.runner import Cell, Limits, Runner


def kind_of(cell):
    """Whose cell it is: "test", "answer", "given" or the student's "own"."""
    if is_grade(cell) and not is_solution(cell):
        return "test"
    if is_solution(cell):
        return "answer"
    return "given" if is_locked(cell) else "own"


class FairExecute(NbGraderPreprocessor):
    """Runs a notebook in a sandbox, and its hidden tests here."""

    sandbox = Unicode("auto", help="docker, podman, bubblewrap, namespaces, none, or auto").tag(
        config=True
    )
    secret = List(Unicode(), help="Folders that no submission may see.").tag(config=True)
    timeout = Integer(40, help="Seconds for a cell.").tag(config=True)
    budget = Integer(240, help="Seconds for a whole notebook, all its runs together.").tag(
        config=True
    )
    memory = Integer(4 * 2**30, help="Bytes of data that a submission may have.").tag(config=True)

    def preprocess(self, nb, resources):
        """Run all cells and tests; put what came out into the cells' outputs."""
        code = [cell for cell in nb.cells if cell.cell_type == "code"]
        cells = [
            Cell(kind_of(cell), cell.metadata.get("nbgrader", {}).get("grade_id", ""), cell.source)
            for cell in code
        ]
        limits = Limits(self.timeout, self.budget, self.memory)
        kind = sandbox.choose(self.sandbox)
        Runner(cells, resources["metadata"]["path"], kind, self.secret, limits).run()
        for number, (cell, run) in enumerate(zip(code, cells, strict=True), 1):
            cell.outputs = [_output(output) for output in run.outputs]
            cell.execution_count = number
            if run.error:
                name, said, where = run.error
                cell.outputs.append(
                    new_output("error", ename=name, evalue=said, traceback=[where or said])
                )
        return nb, resources


def _output(output):
    ((kind, value),) = output.items()
    if kind == "stream":
        return new_output("stream", name="stdout", text=value)
    data = {"image/png": value} if kind == "picture" else {"text/plain": value}
    return new_output("display_data", data=data)


class ShortFeedback(NbGraderPreprocessor):
    """Takes hidden tests out of a feedback page and leaves what they found."""

    note = Unicode("# … and further checks, on numbers of their own").tag(config=True)

    def preprocess_cell(self, cell, resources, cell_index):
        """Show the visible part of a test cell, and of an error the message alone."""
        if cell.cell_type != "code" or not is_grade(cell):
            return cell, resources
        hidden = hidden_part(cell.source)
        cell.source = visible_part(cell.source) + (f"\n{self.note}" if hidden else "")
        for output in cell.outputs:
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources
