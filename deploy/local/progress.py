"""What a person sees while something takes time: a line for anything over two seconds, nothing for the rest.

Only the standard library: the bootstrap uses it before there is a virtual environment.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

FIRST_LINE_AFTER = 2.0
NEXT_LINE_EVERY = 10.0


class Trouble(Exception):
    """Something that the person at the terminal has to know or do; printed without a traceback."""


def say(text: str) -> None:
    """One line, at once, even into a pipe."""
    print(text, flush=True)


def give_up(text: str) -> NoReturn:
    """Print what is wrong to standard error and end with 1."""
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)
    sys.exit(1)


@contextmanager
def step(label: str) -> Iterator[None]:
    """Announce `label` when it runs for two seconds, keep it alive every ten, and say how long it took."""
    started, done, spoke = time.monotonic(), threading.Event(), threading.Event()

    def speak() -> None:
        wait = FIRST_LINE_AFTER
        while not done.wait(wait):
            passed = time.monotonic() - started
            say(f"  … {label}" + (f" ({passed:.0f} s)" if spoke.is_set() else ""))
            spoke.set()
            wait = NEXT_LINE_EVERY

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield
    except BaseException:
        done.set()
        speaker.join()
        say(f"  ✗ {label}")
        raise
    done.set()
    speaker.join()
    passed = time.monotonic() - started
    say(f"  ✓ {label}" + (f" ({passed:.1f} s)" if passed >= FIRST_LINE_AFTER else ""))


def run_quietly(
    command: Sequence[str | Path], *, log: Path, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> None:
    """Run a command with its output in `log`; raises Trouble with the output's end when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        output.write(f"$ {' '.join(map(str, command))}\n".encode())
        output.flush()
        finished = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environ is None else dict(environ),
            cwd=cwd,
            check=False,
        )
    if finished.returncode != 0:
        raise Trouble(
            f"{' '.join(map(str, command[:4]))} … failed ({finished.returncode}):\n{tail(log)}\nAll of it: {log}"
        )


def tail(path: Path, lines: int = 25) -> str:
    """The last lines of a text file, indented."""
    if not path.exists():
        return "    (nothing)"
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 64 * 1024))
        text = file.read().decode(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
