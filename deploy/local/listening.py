"""Who listens on a port: an answer is only believed when it comes from a process of ours."""

from __future__ import annotations

from collections.abc import Iterable

import psutil


def listens(processes: Iterable[psutil.Process], port: int) -> bool:
    """Whether one of these processes itself listens on this TCP port."""
    return any(port in listening_ports(process) for process in processes)


def listening_ports(process: psutil.Process) -> set[int]:
    """The TCP ports on which a process listens; none for one that has ended."""
    try:
        connections = process.net_connections("tcp")
    except (psutil.Error, OSError):
        return set()
    return {connection.laddr.port for connection in connections if connection.status == psutil.CONN_LISTEN}


def family(pid: int) -> list[psutil.Process]:
    """A process with its descendants: gunicorn's workers listen by what their parent has opened."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []
