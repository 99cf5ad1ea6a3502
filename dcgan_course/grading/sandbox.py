"""Starts a submission's process where it can harm nobody.

A sandbox shows it a read-only system, Python, this folder's `inside`, and the files of its
assignment: no network, no home, no gradebook, no other submission, none of the teacher's
environment. When its first process ends, all others in it end.
"""

import functools
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

IMAGE = "dcgan-course-grading"
INSIDE = Path(__file__).resolve().parent / "inside"
SCRATCH = 512 * 2**20  # bytes for the files that a submission writes
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/scratch",
    "TMPDIR": "/scratch",
    "MPLCONFIGDIR": "/scratch",
    "IPYTHONDIR": "/scratch",
    "PYTHONPATH": "/grader",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LANG": "C.UTF-8",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
}
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
# Linux's folders, each used where it exists.
SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/alternatives"]
SYSTEM += ["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/fonts"]
DEVICES = ("null", "zero", "full", "random", "urandom")


def _python_folders():
    """Where this Python and its packages lie, outermost folders only."""
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.realpath(sys.prefix)}
    found |= {os.path.realpath(sys.base_prefix), sysconfig.get_paths()["purelib"]}
    found = {Path(folder) for folder in found if Path(folder) not in (Path("/"), Path.home())}
    return sorted(f for f in found if not any(f != g and g in f.parents for g in found))


def _masked(roots, secret):
    """Folders that would be seen inside `roots`, and should not."""
    package = INSIDE.parents[1]
    return [
        folder
        for folder in {package, *map(Path, secret)}
        if any(root == folder or root in folder.parents for root in roots)
    ]


def _roots():
    system = [Path(p) for p in SYSTEM if Path(p).exists()]
    return system, [f for f in _python_folders() if not any(s in (f, *f.parents) for s in system)]


def _environment():
    return ENVIRONMENT | {name: os.environ[name] for name in THREADS if name in os.environ}


def _worker():
    return [sys.executable, "-m", "inside.worker"]


def _bubblewrap(files, secret):
    system, python = _roots()
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    command += ["--clearenv"]
    for name, value in _environment().items():
        command += ["--setenv", name, value]
    for path in system:
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]
        else:
            command += ["--ro-bind", str(path), str(path)]
    for path in python:
        command += ["--ro-bind", str(path), str(path)]
    for path in _masked([*system, *python], secret):
        command += ["--tmpfs", str(path)]
    command += ["--proc", "/proc", "--dev", "/dev", "--dir", "/tmp"]
    command += ["--ro-bind", str(INSIDE), "/grader/inside", "--ro-bind", str(files), "/given"]
    command += [*_scratch_size(), "--tmpfs", "/scratch", "--remount-ro", "/"]
    return [*command, "--chdir", "/scratch", *_worker()]


@functools.cache
def _scratch_size():
    """bubblewrap's option for the size of a file system in memory; it came with 0.7."""
    said = subprocess.run(["bwrap", "--help"], capture_output=True)
    return ("--size", str(SCRATCH)) if b"--size" in said.stdout + said.stderr else ()


def _namespaces(files, secret):
    system, python = _roots()
    root = "$root"
    lines = [
        "set -e",
        "root=$(mktemp -d)",
        f'mount -t tmpfs -o size={SCRATCH},mode=755 none "{root}"',
    ]

    def bind(source, target, flags="ro"):
        source, target = shlex.quote(str(source)), f'"{root}"{shlex.quote(str(target))}'
        lines.append(
            f"if [ -d {source} ]; then mkdir -p {target}; else mkdir -p $(dirname {target}); "
            f": > {target}; fi; mount --rbind {source} {target}"
        )
        if flags:
            lines.append(
                f"mount -o remount,bind,ro,$(findmnt -n -o VFS-OPTIONS {target} | tail -1 | "
                f"sed 's/^rw/ro/') {target}"
            )

    for path in system:
        if path.is_symlink():
            lines.append(f'ln -s {shlex.quote(os.readlink(path))} "{root}"{shlex.quote(str(path))}')
        else:
            bind(path, path)
    for path in python:
        bind(path, path)
    for path in _masked([*system, *python], secret):
        lines.append(f'mount -t tmpfs -o ro none "{root}"{shlex.quote(str(path))}')
    bind(INSIDE, "/grader/inside")
    bind(files, "/given")
    for name in DEVICES:
        bind(f"/dev/{name}", f"/dev/{name}", flags="")
    lines += [
        f'mkdir -p "{root}"/proc "{root}"/scratch "{root}"/tmp "{root}"/.old',
        f'mount -t proc proc "{root}"/proc',
        f'mount -t tmpfs -o size={SCRATCH} none "{root}"/scratch',
        f'cd "{root}"',
        "pivot_root . .old",
        "umount -l /.old",
        "rmdir /.old",
        "mount -o remount,ro /",
        "cd /scratch",
    ]
    environment = [f"{name}={value}" for name, value in _environment().items()]
    drop = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    lines.append("exec " + shlex.join(["env", "-i", *environment, *drop, *_worker()]))
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"]
    return [*unshare, "--net", "--ipc", "--uts", "sh", "-c", "\n".join(lines)]


def _container(engine):
    def command(files, secret):
        words = [engine, "run", "--rm", "--interactive", "--network=none", "--read-only"]
        words += ["--cap-drop=ALL", "--security-opt=no-new-privileges", "--pids-limit=2000"]
        words += [f"--tmpfs=/scratch:rw,size={SCRATCH}", "--workdir=/scratch"]
        words += [f"--volume={INSIDE}:/grader/inside:ro", f"--volume={files}:/given:ro"]
        for name, value in _environment().items():
            words.append(f"--env={name}={value}")
        return [*words, IMAGE, "python", "-m", "inside.worker"]

    return command


def _bare(files, secret):
    return _worker()


SANDBOXES = {
    "docker": _container("docker"),
    "podman": _container("podman"),
    "bubblewrap": _bubblewrap,
    "namespaces": _namespaces,
    "none": _bare,
}
PROGRAMS = {"bubblewrap": "bwrap", "namespaces": "unshare", "none": sys.executable}


def available(kind):
    """Whether a sandbox can be had here: its program is there and starts a process."""
    program = PROGRAMS.get(kind, kind)
    if not shutil.which(program):
        return False
    with tempfile.TemporaryDirectory() as files:
        if kind in ("docker", "podman"):
            command = [program, "image", "inspect", IMAGE]
        else:
            words = SANDBOXES[kind](Path(files), ())
            worker, quick = _worker(), [sys.executable, "-c", "print(7)"]
            if kind == "namespaces":
                words[-1] = words[-1].replace(shlex.join(worker), shlex.join(quick))
                command = words
            else:
                command = words[: -len(worker)] + quick
        try:
            done = subprocess.run(command, capture_output=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0


def choose(wanted="auto"):
    """The sandbox to use: "docker", "podman", "bubblewrap", "namespaces" or "none".

    Args:
        wanted: one of these, or "auto" for the first that can be had.

    Raises:
        ValueError: an unknown sandbox, or one that cannot be had here.
    """
    if wanted == "auto":
        return next(kind for kind in SANDBOXES if kind == "none" or available(kind))
    if wanted not in SANDBOXES:
        raise ValueError(f"Unknown sandbox {wanted!r}. Known: auto, {', '.join(SANDBOXES)}.")
    if wanted != "none" and not available(wanted):
        raise ValueError(f"The sandbox {wanted!r} cannot be started here: use another, or auto.")
    return wanted


def start(kind, files, secret=(), folder=None):
    """Start a worker.

    Args:
        kind: what `choose` has returned.
        files: the folder with the assignment's files; the worker copies them.
        secret: folders that must not be seen even where a bound folder holds them.
        folder: where the worker runs if there is no sandbox.

    Returns:
        A `subprocess.Popen` with text pipes, in a process group of its own.
    """
    bare = kind == "none"
    environment = _environment() if bare else {"PATH": os.environ.get("PATH", "")}
    if bare:
        scratch = dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR", "IPYTHONDIR"), str(folder))
        # Not the package's folder itself: its modules would be found before Python's own.
        shutil.copytree(INSIDE, Path(folder) / "grader" / "inside")
        environment |= scratch | {"PYTHONPATH": str(Path(folder) / "grader")}
        # Windows cannot start Python without these.
        environment |= {k: os.environ[k] for k in ("SYSTEMROOT", "TEMP") if k in os.environ}
    elif kind in ("docker", "podman"):
        environment = dict(os.environ)  # of the engine: the container gets the short list
    return subprocess.Popen(
        SANDBOXES[kind](files, secret),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder if bare else "/",
        env=environment,
        start_new_session=True,
    )
