"""Run a command, and all that it starts, as if it were another day: `make test CLOCK="2028-02-29 23:50"` (UTC).

    python deploy/local/moved_clock.py "2028-02-29 23:50" COMMAND …

The clock goes on from there at its own pace. PostgreSQL and RabbitMQ have to believe it too, so the command gets a
folder and servers of its own, whatever DATABASE_URL and AMQP_URL say. Needs Linux and a C compiler (apt-get install
gcc).
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

from places import RUN
from progress import Trouble, give_up, run_quietly

SOURCE = Path(__file__).with_suffix(".c")


def environ_at(moment: datetime) -> dict[str, str]:
    """What makes a process believe that it is `moment` now."""
    folder = RUN / "clock" / f"{moment:%Y%m%d%H%M}"
    # Somebody may have moved the clock that we read.
    shift = int(os.environ.get("WICI_CLOCK_SHIFT") or 0) + ceil((moment - datetime.now(UTC)).total_seconds())
    return {
        **os.environ,
        "LD_PRELOAD": str(library(folder.parent)),
        "WICI_CLOCK_SHIFT": str(shift),
        "WICI_RUN": str(folder),
        "DATABASE_URL": "",
        "AMQP_URL": "",
    }


def library(folder: Path) -> Path:
    """The compiled `moved_clock.c`."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        raise Trouble("Moving the clock needs Linux and a C compiler: apt-get install gcc")
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "moved_clock.so"
    if not made.exists() or made.stat().st_mtime < SOURCE.stat().st_mtime:
        fresh = made.with_suffix(f".{os.getpid()}")
        run_quietly([compiler, "-shared", "-fPIC", "-O2", "-Wall", "-o", fresh, SOURCE], log=folder / "cc.log")
        fresh.replace(made)
    return made


def moment_of(words: str) -> datetime:
    """:raises Trouble: not a date with or without a time of day."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d)?", words):
        raise Trouble(f'CLOCK is a moment in UTC, as in CLOCK="2028-02-29 23:50", not "{words}".')
    try:
        return datetime.fromisoformat(words).replace(tzinfo=UTC)
    except ValueError as error:
        raise Trouble(f"CLOCK: {words}: {error}") from error


def main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        give_up(__doc__ or "")
    try:
        environ = environ_at(moment_of(arguments[0]))
    except Trouble as trouble:
        give_up(str(trouble))
    os.execvpe(arguments[1], arguments[1:], environ)


if __name__ == "__main__":
    main(sys.argv[1:])
