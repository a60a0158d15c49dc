"""Who listens on a port: an answer is only believed when it comes from a process of ours."""

from __future__ import annotations

from collections import defaultdict
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


class Machine:
    """What runs and who listens at one moment: for many processes, each of which would look through all of the machine
    by itself (two seconds of processor time for thirty).
    """

    def __init__(self) -> None:
        self._children: defaultdict[int, list[psutil.Process]] = defaultdict(list)
        self._processes: dict[int, psutil.Process] = {}
        for process in psutil.process_iter(["ppid"]):
            self._processes[process.pid] = process
            self._children[process.info["ppid"] or 0].append(process)
        self._listening = _listening()

    def family(self, pid: int) -> list[psutil.Process]:
        """A process with its descendants: gunicorn's workers listen by what their parent has opened."""
        if not pid or pid not in self._processes:
            return []
        return [self._processes[pid], *(each for child in self._children[pid] for each in self.family(child.pid))]

    def listens(self, pid: int, port: int) -> bool:
        """Whether this process or a descendant listens on this TCP port."""
        return not self._listening[port].isdisjoint(process.pid for process in self.family(pid))


def _listening() -> defaultdict[int, set[int]]:
    """By port, who listens there; of several who share a socket, one."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.pid:
            found[connection.laddr.port].add(connection.pid)
    return found
