"""Windows, macOS and Linux: what the code must not take for granted, by its text and in motion.

The checks by text read every Python file, and programs that stand in strings. What cannot be seen
there is emulated: a file system that refuses, as Windows does, to rename or remove an open file.

Mirrors no module: it tests all files of the repository.
"""

import ast
import errno
import os
import re
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import numpy as np
import pytest
from helpers import ROOT

FOLDERS = ("dcgan_course", "scripts", "benchmarks", "assignments", "tests")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
FILES += [ROOT / "conftest.py"]

# --- by text: what a file may not contain ---------------------------------------------

UNIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
UNIX_NAMES = {
    "os": {
        "O_NONBLOCK",
        "fork",
        "forkpty",
        "getpgid",
        "geteuid",
        "getuid",
        "killpg",
        "mkfifo",
        "sched_getaffinity",
        "setsid",
        "uname",
    },
    "signal": {
        "SIGALRM",
        "SIGCHLD",
        "SIGHUP",
        "SIGKILL",
        "SIGQUIT",
        "SIGUSR1",
        "SIGUSR2",
        "alarm",
        "setitimer",
    },
    "socket": {"AF_UNIX"},
}
# Windows has these, but the first do something else there, and the others need a special right.
NEVER = {"execl", "execle", "execlp", "execv", "execve", "execvp", "system"}
LINKS = {"symlink", "symlink_to", "hardlink_to"}
SYSTEM_PATH = re.compile(r"/(bin|dev|etc|proc|sys|tmp|usr|var)(/[\w.+-]+)*")
GUARDS = ("os.name", "sys.platform", "hasattr(", "importorskip")
ERRORS = ("ImportError", "AttributeError", "OSError", "ModuleNotFoundError")


def nodes(tree):
    """Every node of a syntax tree, with those around it, the nearest first."""
    stack = [(tree, ())]
    while stack:
        node, around = stack.pop()
        yield node, around
        stack += [(child, (node, *around)) for child in ast.iter_child_nodes(node)]


def guarded(around):
    """Whether code asks for the system first, or knows what to do where something is missing."""
    marks = {  # decorators with a name of their own, such as `needs_links`
        ast.unparse(node.targets[0]): node.value
        for module in around
        if isinstance(module, ast.Module)
        for node in module.body
        if isinstance(node, ast.Assign)
    }
    for node in around:
        if isinstance(node, ast.If | ast.IfExp) and any(
            g in ast.unparse(node.test) for g in GUARDS
        ):
            return True
        if isinstance(node, ast.Try) and any(
            name in ast.unparse(handler.type or node)
            for handler in node.handlers
            for name in ERRORS
        ):
            return True
        if isinstance(node, ast.FunctionDef):
            text = " ".join(ast.unparse(marks.get(ast.unparse(d), d)) for d in node.decorator_list)
            first = " ".join(map(ast.unparse, node.body[:2]))
            if any(guard in text for guard in GUARDS) or "importorskip" in first:
                return True
            if "skipif" in text and "/proc" in text:
                return True
    return False


def keywords(call):
    return {keyword.arg: keyword.value for keyword in call.keywords}


def text_without_encoding(call):
    """Whether a call reads or writes text in the system's own encoding."""
    given, name = keywords(call), ast.unparse(call.func)
    if "encoding" in given or None in given:
        return False
    if name.endswith((".read_text", ".write_text")):
        return len(call.args) < (1 if name.endswith("read_text") else 2)
    if name.rpartition(".")[2] in ("run", "Popen", "check_output") and name.startswith(
        "subprocess"
    ):
        values = [given.get("text"), given.get("universal_newlines")]
        return any(isinstance(value, ast.Constant) and value.value for value in values)
    if name == "open" or name.endswith((".open", "fdopen", "TemporaryFile")):
        place = 0 if name.endswith(".open") else 1
        mode = given.get("mode", call.args[place] if len(call.args) > place else None)
        if mode is None:  # zip and tar files have an `open` as well, which takes a name
            other = ("tarfile", "Image", "zipfile", "webbrowser", "iio", "gzip")
            return not name.startswith(other) and not call.args[1:] and "TemporaryFile" not in name
        mode = mode.value if isinstance(mode, ast.Constant) else ""
        return isinstance(mode, str) and bool(re.fullmatch(r"[rwaxt+]+", mode))
    return False


def left_open(call, around):
    """Whether a call opens a file that stays open for a while that nobody has fixed."""
    name = ast.unparse(call.func)
    opens = name in ("open", "np.load", "numpy.load", "Image.open", "tarfile.open")
    if name.endswith(".open") and name not in ("Image.open", "tarfile.open", "webbrowser.open"):
        mode = call.args[0] if call.args else None
        opens = mode is None or bool(re.fullmatch("[rwaxbt+]+", str(getattr(mode, "value", ""))))
    if not opens or "BytesIO" in ast.unparse(call) or "fileobj" in keywords(call):
        return False
    if isinstance(around[0], ast.withitem):
        return False
    # An array is read at once; an archive of them is not.
    return not (name.endswith(".load") and "save_code" in ast.unparse(call))


def problems(source, name="a file", within=()):
    """What a program takes for granted: a list of texts, each with the line."""
    found = []

    def say(node, text):
        found.append(f"{name}:{getattr(node, 'lineno', 0)}: {text}")

    for node, inner in nodes(ast.parse(source)):
        around = (*inner, *within)
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {alias.name for alias in node.names}
            modules = {node.module} if isinstance(node, ast.ImportFrom) else modules
            if modules & UNIX_MODULES and not guarded(around):
                say(node, f"only Unix has the module {modules & UNIX_MODULES}")
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            if owner == "os" and node.attr in NEVER:
                say(node, f"os.{node.attr} does something else on Windows")
            if node.attr in LINKS and not guarded(around):
                say(node, "links need a special right on Windows")
            if node.attr in UNIX_NAMES.get(owner, ()) and not guarded(around):
                say(node, f"only Unix has {owner}.{node.attr}")
        if isinstance(node, ast.Call):
            if text_without_encoding(node):
                say(node, f"no encoding in {ast.unparse(node)[:60]}")
            if left_open(node, around):
                say(node, f"a file without `with`: {ast.unparse(node)[:60]}")
            if "shell" in keywords(node) or ast.unparse(node.func).endswith("get_context"):
                say(node, "shells, and ways to start a process, differ between systems")
        if isinstance(node, ast.BinOp | ast.JoinedStr):
            text = ast.unparse(node)
            path = isinstance(node, ast.JoinedStr) or isinstance(node.op, ast.Div)
            called = isinstance(around[0], ast.Call) and ast.unparse(around[0].func) == "print"
            if path and not called and re.search(r"%H:%M|isoformat\(\)", text) and "/" in text:
                say(node, "a colon in a file name")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if SYSTEM_PATH.fullmatch(node.value) and not guarded(around):
                say(node, f"only Unix has {node.value.split()[0]}")
            if "\n" in node.value and "import " in node.value:
                try:
                    ast.parse(node.value)
                except SyntaxError:
                    continue  # no program
                found += problems(node.value, f"{name}:{node.lineno}, in a string", around)
    return found


ALLOWED = {  # what a file may contain all the same, and why
    # Read by a function that takes a missing file for an empty one.
    "dcgan_course/machine.py": ("only Unix has /sys/fs/cgroup", "only Unix has /proc/self/cgroup"),
    # Sandboxes that only Linux has; elsewhere none of them is started.
    "dcgan_course/grading/sandbox.py": (
        *(f"only Unix has /{name}" for name in ("tmp", "dev", "proc", "usr", "bin")),
        *(f"only Unix has /etc/{name}" for name in ("alternatives", "fonts", "ld.so.cache")),
        *(f"only Unix has /etc/{name}" for name in ("ld.so.conf", "ld.so.conf.d")),
    ),
    # Submissions that do harm; they are run on Unix alone.
    "tests/course/test_classroom.py": ("signal.SIGKILL", "signal.SIGALRM"),
    # The test that needs it is skipped elsewhere.
    "tests/data/test_folder.py": ("only Unix has /proc/self/status",),
    "tests/course/test_app.py": ("only Unix has /proc",),
    # These tests look for what the rules forbid.
    "tests/test_portability.py": ("",),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_takes_nothing_for_granted_that_windows_lacks(path):
    name = path.relative_to(ROOT).as_posix()
    found = problems(path.read_text(encoding="utf-8"), name)
    allowed = ALLOWED.get(name, ())
    assert [text for text in found if not text.endswith(tuple(allowed))] == []


@pytest.mark.parametrize(
    "code",
    [
        "open('a.txt')",
        "with open('a.txt', 'w') as f: pass",
        "with path.open() as f: pass",
        "with path.open('a', newline='') as f: pass",
        "path.read_text()",
        "path.write_text('a')",
        "import subprocess\nsubprocess.run(['a'], text=True)",
        "import resource",
        "from fcntl import flock",
        "os.fork()",
        "os.kill(1, signal.SIGKILL)",
        "os.execv('a', [])",
        "a.symlink_to(b)",
        "def test_a():\n    os.symlink('a', 'b')",
        "len(os.sched_getaffinity(0))",
        "with open('/proc/cpuinfo', encoding='utf-8') as f: pass",
        "subprocess.run('ls', shell=True)",
        "subprocess.run(['/bin/bash'])",
        "arrays = np.load('a.npz')",
        "image = Image.open(path)",
        "rows = csv.reader(path.open(encoding='utf-8'))",
        "folder / f'{time:%H:%M}'",
        "CODE = '''\nimport os\nos.fork()\n'''",
    ],
)
def test_each_of_these_is_found(code):
    assert problems(code)


@pytest.mark.parametrize(
    "code",
    [
        "with open('a.txt', encoding='utf-8') as f: pass",
        "with open('a.txt', 'rb') as f: pass",
        "path.read_text('utf-8')",
        "with zip.open('inner/name.txt') as f: pass",
        "try:\n    import resource\nexcept ImportError:\n    pass",
        "if os.name == 'posix':\n    os.kill(1, signal.SIGKILL)",
        "if hasattr(os, 'sched_getaffinity'):\n    os.sched_getaffinity(0)",
        "with np.load('a.npz') as file: pass",
        "Image.open(io.BytesIO(b''))",
        "try:\n    text = read('/proc/cpuinfo')\nexcept OSError:\n    pass",
        "print(f'{time:%H:%M} text')",
        "re.findall('/bin/(ruff|black)', text)",
        "links = mark.skipif(os.name == 'nt')\n\n\n@links\ndef test_a():\n    a.symlink_to(b)",
    ],
)
def test_none_of_these_is(code):
    assert problems(code) == []


# --- by text: names of files, and what programs print -----------------------------------


def committed():
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return [name for name in done.stdout.split("\0") if name]


def unfit(names):
    """Those of some paths, relative and with "/", that not every file system can hold."""
    found, seen = [], set()
    for name in names:
        for part in name.split("/"):
            reserved = re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)", part.split(".")[0], re.I)
            if re.search(r'[<>:"\\|?*\x00-\x1f]', part) or part[-1:] in (". ") or reserved:
                found.append(name)
        if name.lower() in seen or len(name) > 150:
            found.append(name)
        seen.add(name.lower())
    return found


def test_file_names_of_the_repository_fit_every_system():
    names = committed()
    if not names:
        pytest.skip("not a git checkout: there is no list of committed files")
    assert unfit(names) == []
    for name in ("a:b.txt", "aux.py", "x/con", "a?.md", "end.", "a" * 151):
        assert unfit([name]) == [name]
    assert unfit(["Readme.md", "README.md"]) == ["README.md"]


def programs():
    for path in FILES:
        source = path.read_text(encoding="utf-8")
        tests = path.is_relative_to(ROOT / "tests")
        if '\nif __name__ == "__main__":' in source and "print(" in source and not tests:
            yield pytest.param(source, id=path.relative_to(ROOT).as_posix())


@pytest.mark.parametrize("source", programs())
def test_programs_print_only_what_windows_can_write_or_set_the_encoding(source):
    """Into a file or a pipe Python writes there in the system's encoding, mostly cp1252."""
    strange = {
        character
        for node, around in nodes(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if not isinstance(around[0], ast.Expr)  # no docstring
        for character in node.value
        if not character.encode("cp1252", "ignore")
    }
    assert not strange or "print_every_character()" in source


def test_every_character_can_be_printed_into_a_pipe(run_python):
    code = "print('G → D, −1 ≤ x')"
    narrow = {"PYTHONIOENCODING": "cp1252"}
    assert run_python(code, env=narrow, check=False).returncode == 1
    prepare = "from dcgan_course.machine import print_every_character; print_every_character();"
    assert run_python(prepare + code, env=narrow).stdout == "G → D, −1 ≤ x\n"


# --- in motion: a file system that knows open files -------------------------------------


@pytest.fixture
def windows(monkeypatch, tmp_path):
    """Refuse, as Windows does, to rename or remove a file that this process has open.

    Returns the folder for the test; in the end its names are looked through.
    """
    handles = Path("/proc/self/fd")
    if os.name == "nt":
        yield tmp_path
        return
    if not handles.is_dir():
        pytest.skip("open files are found by /proc")

    def refuse_open(path):
        path = os.path.realpath(path)
        for handle in os.listdir(handles):
            try:
                held = os.readlink(handles / handle)
            except OSError:
                continue
            if held == path or held.startswith(path + os.sep):
                text = "The process cannot access the file because it is being used"
                raise PermissionError(errno.EACCES, text, path)

    def watched(original, count):
        def call(*arguments, **options):
            for path in arguments[:count]:
                if not isinstance(path, int) and os.path.lexists(path):
                    refuse_open(path)
            return original(*arguments, **options)

        return call

    monkeypatch.setitem(sys.modules, "fcntl", None)  # Windows has no such module
    for name, count in (("replace", 2), ("rename", 2), ("unlink", 1), ("remove", 1)):
        monkeypatch.setattr(os, name, watched(getattr(os, name), count))
    for name, count in (("replace", 2), ("rename", 2), ("unlink", 1)):
        monkeypatch.setattr(Path, name, watched(getattr(Path, name), count))
    yield tmp_path
    names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")]
    assert unfit(names) == []


def test_the_emulated_file_system_refuses(windows):
    if os.name == "nt":
        pytest.skip("the real one does")
    path = windows / "a.txt"
    path.write_text("a", encoding="utf-8")
    with path.open(encoding="utf-8"):
        for act in (path.unlink, lambda: os.replace(path, windows / "b"), lambda: os.remove(path)):
            with pytest.raises(PermissionError, match="being used"):
                act()
        (windows / "b").write_text("b", encoding="utf-8")
        with pytest.raises(PermissionError, match="being used"):
            (windows / "b").rename(path)
    path.unlink()


def test_files_can_be_read_and_written_again(windows):
    from dcgan_course.files import load_arrays, read_rows, save_arrays, write_beside, write_rows

    for number in range(3):
        save_arrays(windows / "a.npz", [np.full(3, number)], {"number": number})
        arrays, card = load_arrays(windows / "a.npz")
        assert card == {"number": number}
        assert arrays["w0"].tolist() == [number] * 3
        write_rows(windows / "a.csv", [{"step": number, "loss": 0.5}])
        assert read_rows(windows / "a.csv") == [{"step": number, "loss": 0.5}]
        with write_beside(windows / "a.txt") as beside:
            beside.write_text(str(number), encoding="utf-8")
    assert sorted(path.name for path in windows.iterdir()) == ["a.csv", "a.npz", "a.txt"]


def test_images_can_be_read_and_written_again(windows, digits):
    from dcgan_course.data.folder import ImageFolder, write_pictures
    from dcgan_course.display.images import FrameRecorder, save_gif, save_samples

    colors = np.repeat(((digits[:3] + 1) * 127.5).astype("uint8"), 3, axis=3)
    for _ in range(2):
        pictures = ImageFolder(write_pictures(windows / "pictures", colors), size=28)
        assert len(pictures.load()) == 3
        recorder = FrameRecorder(windows / "frames")
        for epoch in range(3):
            recorder.add(epoch, digits[:4])
        recorder.forget_after(1)
        recorder.save_gif(windows / "training.gif")
        save_gif(windows / "few.gif", recorder.frames())
        save_samples(windows / "samples.png", digits[:4])


def test_data_files_can_be_replaced_after_they_were_loaded(windows, monkeypatch):
    from dcgan_course.data.load import load_images, open_pictures

    monkeypatch.setenv("DCGAN_COURSE_DATA", str(windows))
    images = np.zeros((12, 28, 28), "uint8")
    images[:, 0, 0] = 255
    content = {f"{kind}_{split}": images if kind == "x" else images[:, 1, 1]
               for kind in "xy" for split in ("train", "test")}  # fmt: skip
    for _ in range(2):
        (windows / "mnist.npz").unlink(missing_ok=True)
        np.savez(windows / "mnist.npz", **content)
        assert len(load_images("mnist")) == 12
        pictures, _ = open_pictures("faces", windows / "drawn", count=4)
        assert pictures.load().shape == (4, 64, 64, 3)


@pytest.mark.slow(seconds=6)
def test_a_training_can_be_resumed_and_set_aside(windows, digits):
    import keras

    from dcgan_course import DCGAN, Monitor, dcgan_discriminator, dcgan_generator

    def train(epochs, rate=1e-3):
        keras.utils.set_random_seed(3)
        gan = DCGAN(
            dcgan_generator(latent_dim=4, widths=(4, 4)), dcgan_discriminator(widths=(4, 4)), seed=1
        )
        gan.compile(keras.optimizers.Adam(rate), keras.optimizers.Adam(rate))
        gan.fit(
            digits[:32],
            batch_size=16,
            epochs=epochs,
            resume=windows / "checkpoints",
            callbacks=[Monitor(windows, codes=4, live=False)],
            verbose=0,
        )
        gan.sampler.save(windows / "generator.keras")
        return keras.saving.load_model(windows / "generator.keras", compile=False)

    train(2)
    train(3)
    train(1, rate=2e-3)  # other settings: the old checkpoints are moved
    assert list((windows / "checkpoints").glob("other-settings-*/*.npz"))


def test_an_earlier_diary_can_be_moved_although_its_tracker_still_lives(windows):
    from dcgan_course.training.tracking import TensorBoardTracker, read_scalars

    trackers = []
    for _ in range(2):
        trackers.append(TensorBoardTracker(windows / "run"))
        trackers[-1].start()
        trackers[-1].scalars(1, {"d_loss": 0.5})
        trackers[-1].close()
    assert read_scalars(windows / "run" / "earlier-1")["d_loss"].tolist() == [[1, 0.5]]
    trackers[-1].scalars(2, {"d_loss": 0.4})  # a closed one can go on
    assert trackers[-1].curves()["d_loss"].shape == (2, 2)


def test_paths_are_shown_and_compared_as_the_system_writes_them():
    """A path has the system's own separator, so its text is not compared with one that has "/"."""
    assert PureWindowsPath("runs") / "03" == PureWindowsPath("runs/03")
    found = [
        f"{path.name}:{node.lineno}"
        for path in FILES
        for node, _ in nodes(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        if isinstance(node.func, ast.Attribute)
        if node.func.attr in ("split", "rsplit", "endswith", "startswith", "partition")
        if ast.unparse(node.func.value).startswith(("str(path", "str(folder", "str(file"))
        if any(isinstance(a, ast.Constant) and "/" in str(a.value) for a in node.args)
    ]
    assert found == []
