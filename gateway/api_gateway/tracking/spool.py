"""Events on disk before they are answered, in files that several worker processes share safely.

A segment is a file of lines. Its writer holds an exclusive lock on it while it is open; who gets the lock of a segment
afterwards (the same process, another worker, or the next start after a crash) publishes and removes it. A line
is written before the request is answered, so killing the process loses nothing; the disk is synchronised every 200 ms,
so a power cut loses at most that.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

SEGMENT_BYTES = 4 * 1024 * 1024
SUFFIX = ".events"
# The last tenth of the room is kept for what may not be lost: unsubscribes.
ORDINARY_SHARE = 0.9


class SpoolFull(Exception):
    """There is no room on disk (or no disk): the event is not recorded."""


class Spool:
    """Segments in `folder`, at most about `limit` bytes of them."""

    def __init__(self, folder: str | Path, limit: int) -> None:
        self._folder = Path(folder)
        self._limit = limit
        self._lock = threading.Lock()
        self._file: int | None = None
        self._size = 0
        self._unsynced = False
        self._full: list[int] = []  # to be synchronised and closed
        self._is_new = False  # the folder's entry of a segment awaits the disk, too
        self._others = 0  # bytes of all segments but the open one, as last counted
        self._counter = 0

    def append(self, lines: bytes, *, important: bool = False) -> None:
        """Write whole lines, each with its line end, all or none of them.

        :raises SpoolFull: no room; `important` lines may use the last tenth of it.
        """
        room = self._limit if important else int(self._limit * ORDINARY_SHARE)
        with self._lock:
            if self._others + self._size + len(lines) > room:
                raise SpoolFull
            try:
                if self._file is None:
                    self._file = self._open()
                self._write(self._file, lines)
            except OSError as error:
                raise SpoolFull from error
            self._size += len(lines)
            self._unsynced = True
            if self._size >= SEGMENT_BYTES:
                self._put_away()

    @property
    def size(self) -> int:
        """Bytes of all segments, as last counted."""
        return self._others + self._size

    def sync(self) -> None:
        """Bring what was written to the disk, and count what lies in the folder.

        None of it under the lock: a slow disk must not hold up the answers.
        """
        with self._lock:
            open_one = [os.dup(self._file)] if self._file is not None and self._unsynced else []
            files, self._full = self._full + open_one, []
            is_new, self._unsynced, self._is_new = self._is_new, False, False
        with ExitStack() as closing:
            for file in files:
                closing.callback(os.close, file)
            for file in files:
                os.fsync(file)
            if is_new:
                folder = os.open(self._folder, os.O_RDONLY)
                closing.callback(os.close, folder)
                os.fsync(folder)
        with self._lock:
            self._others = max(0, self._bytes_in_folder() - self._size)

    def rotate(self) -> None:
        """Close the open segment, so that it can be published; on the disk it is then."""
        with self._lock:
            self._put_away()
        self.sync()

    def segments(self) -> list[Path]:
        """All segments, the oldest first, the open ones included."""
        try:
            return sorted(path for path in self._folder.iterdir() if path.suffix == SUFFIX)
        except FileNotFoundError:
            return []

    @contextmanager
    def claim(self, segment: Path) -> Iterator[list[bytes] | None]:
        """The lines of a closed segment, held by nobody else until the block ends; None when it cannot be had.

        A line that a crash cut short is left out: nobody was answered for it.
        """
        try:
            file = os.open(segment, os.O_RDONLY)
        except FileNotFoundError:
            yield None
            return
        try:
            yield _whole_lines(file) if _is_ours(file) else None
        finally:
            os.close(file)

    def remove(self, segment: Path) -> None:
        """Remove a claimed segment whose events are confirmed."""
        with suppress(FileNotFoundError):
            segment.unlink()

    def check(self) -> None:
        """:raises OSError: the folder cannot be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{self._folder} cannot be written")

    def _open(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._counter += 1
        name = f"{time.time_ns():020d}-{os.getpid()}-{self._counter}"
        hidden = self._folder / f"{name}.new"
        file = os.open(hidden, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        # Locked before it is seen: nobody takes a segment that is being written.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.rename(self._folder / f"{name}{SUFFIX}")
        self._is_new = True
        self._size = 0
        return file

    def _write(self, file: int, lines: bytes) -> None:
        written = os.write(file, lines)
        if written != len(lines):
            os.ftruncate(file, self._size)
            raise OSError("the disk is full")

    def _put_away(self) -> None:
        if self._file is not None:
            self._full.append(self._file)
            self._others += self._size
            self._file, self._size, self._unsynced = None, 0, False

    def _bytes_in_folder(self) -> int:
        total = 0
        for segment in self.segments():
            with suppress(FileNotFoundError):
                total += segment.stat().st_size
        return total


def _is_ours(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # Another worker may have removed the file between our open and our lock.
    return os.fstat(file).st_nlink > 0


def _whole_lines(file: int) -> list[bytes]:
    with os.fdopen(os.dup(file), "rb") as stream:
        content = stream.read()
    return content[: content.rfind(b"\n") + 1].splitlines()
