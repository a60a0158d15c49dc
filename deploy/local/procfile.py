"""The Procfile: every process of the system, with the port that answers for its health."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from environment import Environment
from places import LOGS, ROOT
from progress import say

PROCFILE = ROOT / "Procfile"
# Who serves its health on a port that it has anyway; all others on the HEALTH_PORT that they are given.
OWN_HEALTH = {
    "api_gateway": ("WICI_GATEWAY_PORT", "/readyz"),
    "simulator.smsc": ("WICI_SMSC_HTTP_PORT", "/"),
    "simulator.mailbox": ("WICI_MAILBOX_HTTP_PORT", "/"),
    "simulator.push": ("WICI_PUSH_PORT", "/"),
    "simulator.ott": ("WICI_OTT_PORT", "/"),
    "simulator.rcs": ("WICI_RCS_PORT", "/"),
}


@dataclass(frozen=True)
class Process:
    """One line of the Procfile."""

    name: str
    command: str
    health_port: int
    health_url: str

    @property
    def package(self) -> str:
        """`sms_gateway.outbound` belongs to the package sms_gateway; what is simulated, to the simulators."""
        first = self.name.partition(".")[0]
        return "wici_simulators" if first == "simulator" else first

    @property
    def port(self) -> int:
        """Where it answers for its health."""
        return int(urlsplit(self.health_url).port or 0)

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"


def read_procfile(environ: Environment) -> list[Process]:
    """Every process with its health port, in the file's order."""
    first = int(environ["WICI_HEALTH_PORT_BASE"])
    lines = [line for line in PROCFILE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    found = []
    for index, line in enumerate(lines):
        name, command = (part.strip() for part in line.split(":", 1))
        key, path = OWN_HEALTH.get(name, ("", "/readyz"))
        url = f"http://127.0.0.1:{environ[key] if key else first + index}{path}"
        found.append(Process(name, command, first + index, url))
    return found


def present(processes: list[Process]) -> list[Process]:
    """Those whose package is in this checkout; says which are not."""
    found = [process for process in processes if find_spec(process.package) is not None]
    for process in processes:
        if process not in found:
            say(f"  ! {process.name} is left out: its package {process.package} is not in this checkout")
    return found
