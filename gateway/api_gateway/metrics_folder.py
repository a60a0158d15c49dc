"""Where the counters of all workers lie: beside the spool, which is the one folder that the gateway may write.

Must not import prometheus_client: that reads the folder's name once, when it is first imported.
"""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

PREFIX = "metrics-"


def name_for(spool_folder: str) -> Path:
    """The folder of this gunicorn; several may share a spool, also from several machines."""
    return Path(spool_folder).absolute() / f"{PREFIX}{socket.gethostname()}-{os.getpid()}"


def make(folder: Path) -> None:
    """Make it empty, and remove those that killed gunicorns of this machine left behind."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for other in folder.parent.glob(f"{PREFIX}{socket.gethostname()}-*"):
        pid = other.name.rpartition("-")[2]
        if other == folder or not (pid.isdigit() and _is_alive(int(pid))):
            shutil.rmtree(other, ignore_errors=True)
    folder.mkdir(exist_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
