"""The latent explorer as a web page, by Voilà: for you, or for a class.

    python scripts/app.py [--host=0.0.0.0] [--visitors=30] [options of voila, such as --port=8866]

Without `--host`, only this machine can open the page, and it also lists the generators that your
lessons have left in `runs/`. With it, everybody in the network can; the page then offers the
generators that ship with the course, which NumPy draws, and lets in as many visitors as memory
allows. Visitors can move sliders, and cannot run code of their own.
"""

import argparse
import os
import socket
import sys
import tempfile
from pathlib import Path

import nbformat
from tornado.web import HTTPError
from traitlets.config import Config
from voila.app import Voila

from dcgan_course.files import runs_folder

PAGE = Path(__file__).parent / "app_page"
CELL = """\
from dcgan_course.latent.choice import GeneratorChoice

GeneratorChoice("fashion_mnist", own={own}, keep_names={own})
"""
VISITOR = 100  # MiB that a visitor takes at most: 60 at first, 80 after a lesson of use
SPARED = 1024  # MiB that are left to the system and the server
LEFT_ALONE = 15 * 60  # seconds, after which a visitor's place is given away


def notebook(own):
    """The page's only cell, as a notebook."""
    cell = nbformat.v4.new_code_cell(CELL.format(own=own))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})


def free_memory():
    """MiB that programs can still take, or None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        kilobytes = dict(line.split()[:2] for line in lines)
        return int(kilobytes["MemAvailable:"]) // 1024
    except (OSError, KeyError, ValueError):
        pass
    try:  # no Linux: half of what is built in
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**21
    except (AttributeError, OSError, ValueError):
        return None


def places(asked, memory):
    """For how many visitors there is room."""
    if asked is not None:
        return asked
    return 20 if memory is None else max(1, (memory - SPARED) // VISITOR)


def address(host):
    """This machine's address in the network."""
    if host not in ("0.0.0.0", "::", ""):
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing, and shows which way it would go
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()


def settings(limit):
    """What Voilà needs to know. With a limit, so many visitors are let in at a time."""

    def let_in(request, notebook, cwd):
        if limit and len(request.kernel_manager) >= limit:
            raise HTTPError(503)

    config = Config()
    config.VoilaConfiguration.prelaunch_hook = let_in
    config.VoilaConfiguration.template = "explorer"
    config.VoilaConfiguration.file_allowlist = [r"(?!)"]  # the page needs no file of this folder
    # Where these are installed too, they fail on a page that is no JupyterLab.
    others = ["@jupyter-notebook/lab-extension", "@jupyter/nbgrader"]
    config.VoilaConfiguration.extension_denylist = others
    # A tab that is closed frees its place at once; one that was lost, after a while.
    config.MappingKernelManager.cull_idle_timeout = LEFT_ALONE
    config.MappingKernelManager.cull_interval = 60
    return config


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--host", default="", help="0.0.0.0 lets the whole network in")
    parser.add_argument("--visitors", type=int, help="how many at a time; as memory allows")
    parser.add_argument("--port", type=int, default=8866)
    options, for_voila = parser.parse_known_args(arguments)
    limit = None
    for_voila = [f"--port={options.port}", *for_voila]
    if options.host:
        memory = free_memory()
        limit = places(options.visitors, memory)
        for_voila += [f"--Voila.ip={options.host}", "--no-browser"]
        known = "" if memory is None else f", of which {memory / 1024:.1f} GiB are free here"
        print(
            f"The class opens http://{address(options.host)}:{options.port}\n"
            f"Room for {limit} visitor{'s' * (limit != 1)} at a time: {VISITOR} MiB each{known}. "
            "Ctrl-C ends it.",
            flush=True,
        )
    # Where names of directions are kept; the kernels start elsewhere. A thread for each of many
    # visitors is enough: more would only wait for each other.
    os.environ["DCGAN_COURSE_RUNS"] = str(runs_folder().absolute())
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(
        filter(None, [str(PAGE), os.environ.get("JUPYTER_PATH")])
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "explorer.ipynb"
        nbformat.write(notebook(own=not options.host), path)
        Voila.launch_instance([str(path), *for_voila], config=settings(limit))


if __name__ == "__main__":
    main(sys.argv[1:])
