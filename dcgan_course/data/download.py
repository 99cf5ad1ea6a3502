"""Fill Keras' download cache: with time limits, retries, checksums and an atomic rename.

Keras' own download has no time limit, no retry, and writes onto the final name, so that a killed
download leaves a broken file behind.
"""

import gzip
import hashlib
import os
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from dcgan_course.data.errors import DataError

CONTACT_SECONDS = 8  # a network that has not answered by then counts as dead
STALL_SECONDS = 4  # a download that brings nothing for so long counts as broken


class Unreachable(Exception):
    """The real images cannot be had; the text is a reason to follow "because"."""


@dataclass(frozen=True)
class Download:
    """A file that Keras would download: its address, its place in Keras' cache, its checksum.

    `sha256` is that of the content, for a .gz file the content unpacked: how it was
    compressed does not matter. With `packed` it is that of the packed file.
    """

    url: str
    cached: str
    sha256: str
    packed: bool = False

    def check(self, path):
        """Raise ValueError unless the file at `path` holds what was published."""
        opener = gzip.open if self.url.endswith(".gz") and not self.packed else open
        digest = hashlib.sha256()
        try:
            with opener(path, "rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile) as problem:
            raise ValueError(f"it is damaged or cut short ({problem})") from problem
        except Exception as problem:
            if isinstance(problem, OSError):
                raise
            raise ValueError(f"it cannot be unpacked ({problem})") from problem
        if digest.hexdigest() != self.sha256:
            raise ValueError("its checksum is not that of the published file")


def keras_home():
    """The folder in which Keras keeps its downloads."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


def fill_keras_cache(source, allow_download):
    """Make sure that Keras' cache holds whole files, downloading what is missing.

    Keras' own download has no time limit, no retry, and writes onto the final name, so
    that a killed download leaves a broken file behind. Hence the files are put into its
    cache for it, by pooch: temporary file, checksum, rename.
    """
    missing = []
    for item in source.downloads:
        path = keras_home() / item.cached
        if not path.exists():
            missing.append(item)
            continue
        try:
            item.check(path)
        except ValueError as problem:
            raise DataError(
                f"{path} is not usable: {problem}. The file was left as it is; "
                "move it away, and the next run downloads it again."
            ) from problem
    if source.no_download:
        raise Unreachable(source.no_download)
    if not missing:
        return "Keras' cache"
    if not allow_download:
        raise Unreachable("downloads are switched off")
    _first_contact(missing[0].url)
    for item in missing:
        _download(item)
    return "downloaded through Keras"


def _first_contact(url):
    """Raise `Unreachable` unless the server answers within CONTACT_SECONDS.

    In a thread, because looking up a host name has no time limit of its own.
    """
    import requests

    answer = []

    def ask():
        try:
            response = requests.head(url, timeout=STALL_SECONDS, allow_redirects=True)
            # Some archives hand out addresses that are signed for GET alone: they are there.
            if response.status_code not in (403, 405):
                response.raise_for_status()
            answer.append(None)
        except requests.RequestException as problem:
            answer.append(problem)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CONTACT_SECONDS)
    if not answer:
        raise Unreachable(f"the network did not answer within {CONTACT_SECONDS} seconds")
    if isinstance(answer[0], requests.Timeout):
        raise Unreachable(f"the network did not answer within {STALL_SECONDS} seconds")
    if answer[0] is not None:
        raise Unreachable(f"the server cannot be reached ({type(answer[0]).__name__})")


def _download(item, attempts=3):
    import pooch
    import requests

    path = keras_home() / item.cached
    fetch = pooch.HTTPDownloader(progressbar=True, timeout=STALL_SECONDS, chunk_size=1 << 16)

    def fetch_and_check(url, output_file, caller):
        fetch(url, output_file, caller)
        item.check(output_file)  # pooch then renames the file; on an error it removes it

    pooch.get_logger().setLevel("WARNING")  # its hint to pin an unknown hash is not for us
    for attempt in range(1, attempts + 1):
        try:
            pooch.retrieve(
                item.url,
                known_hash=None,
                fname=path.name,
                path=path.parent,
                downloader=fetch_and_check,
            )
            return
        except (requests.ConnectionError, requests.HTTPError, ValueError, OSError) as problem:
            # A stalled read comes as a ConnectionError as well. Waiting for a dead line
            # a second time would keep the class waiting beyond 10 seconds.
            stalled = "timed out" in str(problem)
            no_space = isinstance(problem, OSError) and not isinstance(
                problem, requests.RequestException
            )
            if attempt == attempts or stalled or no_space:
                raise Unreachable(f"downloading {path.name} failed ({problem})") from problem
            time.sleep(0.5 * attempt)
