"""The gateway under load: gunicorn with two workers, 64 kept-alive connections, everything real and on this machine.

    python bench/gateway.py [--seconds 5] [--connections 64]

Prints requests a second and the latencies of: `/healthz`; an authenticated GET that needs no service; one that asks a
(tiny) service over RabbitMQ; an open pixel and a click. The load comes from a
client in here, and runs on the same cores. Needs `WICI_TEST_AMQP_URL`, `WICI_TEST_RABBITMQCTL` and
`WICI_TEST_DATABASE_URL`, as the tests do; makes and deletes a vhost and a database of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from uuid import UUID, uuid4

from figures import Figure, tell

from chassis import testing
from chassis.ids import new_id
from contracts import tokens
from contracts.tokens import TokenKind

LINK_KEY = b"fedcba9876543210fedcba9876543210"
GOAL_RATE, GOAL_P99 = 2500, 100.0
KEY = "{key}"
WIRED = """
import os
from api_gateway import responses
from api_gateway.app import create_app
from api_gateway.config import Config
from api_gateway.wiring import build
from api_gateway.routes import health, tracking
from api_gateway.routing import ANYONE, Route
from chassis.config import load

PAGE = {"items": [{"id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90", "name": "Klienci"}] * 5, "next_cursor": None}
ROUTES = [
    Route("GET", "/v1/cheap", handler=lambda _context: responses.json(PAGE), permission="contacts.read", summary="Cheap"),
    Route("GET", "/v1/groups", rpc="contacts.find_groups", permission="contacts.read", summary="Over the bus"),
    *health.ROUTES, *tracking.ROUTES,
]

def app():
    return create_app(build(load(Config, os.environ)), ROUTES)

if os.environ.get("WIRED_SERVICES"):
    from chassis.service import Health, rpc

    class IdentityService:
        name = "identity"
        health = Health()

        @rpc
        def authenticate(self, actor, payload):
            account = "0193a6f2-0000-7000-8000-00000000000a"
            return {"principal": {"account_id": account, "kind": "session", "permissions": ["contacts"]}}

    class ContactsService:
        name = "contacts"

        @rpc
        def find_groups(self, actor, payload):
            return PAGE
"""


@dataclass(frozen=True)
class Outcome:
    """`rate` and the latencies (milliseconds) are of what was answered as asked; `refused` says how often what was not."""

    rate: float
    p50: float
    p99: float
    refused: Counter[str]

    def __str__(self) -> str:
        told = ", ".join(f"{number:,} x {what}" for what, number in self.refused.most_common(3))
        return (
            f"{self.rate:7,.0f}/s  p50 {self.p50:6.1f} ms  p99 {self.p99:6.1f} ms"
            f"  refused {self.refused.total():,}{f' ({told})' if told else ''}"
        )


class Connection(asyncio.Protocol):
    """One kept-alive connection: asks again as soon as it is answered."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float], refused: Counter[str]) -> None:
        self._requests, self._latencies, self._refused = requests, latencies, refused
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def data_received(self, received: bytes) -> None:
        self._buffer += received
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if not found or len(rest) < int(length[1] if length else 0):
            return
        if head[9:10] in b"23":
            self._latencies.append(time.perf_counter() - self._asked)
        else:
            code = re.search(rb'"code": ?"([^"]+)"', rest)
            self._refused[f"{head[9:12].decode()} {code[1].decode() if code else ''}"] += 1
        self._buffer = b""
        self._ask()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(next(self._requests))  # type: ignore[attr-defined]


async def _load(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Outcome:
    latencies: list[float] = []
    refused: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    transports = [
        (await loop.create_connection(lambda: Connection(requests, latencies, refused), "127.0.0.1", port))[0]
        for _ in range(connections)
    ]
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    elapsed, done = time.perf_counter() - started, sorted(latencies) or [math.nan]
    for transport in transports:
        transport.abort()
    return Outcome(len(latencies) / elapsed, done[len(done) // 2] * 1000, done[len(done) * 99 // 100] * 1000, refused)


def load(
    port: int, path: str, headers: Sequence[dict[str, str]], connections: int, seconds: float, body: str = ""
) -> Outcome:
    """GET, or POST with a JSON `body`, over kept-alive connections for some seconds.

    :param headers: of each account that asks; they take turns. The value `KEY` stands for another one in each request.
    """
    method, content = ("POST", body.encode()) if body else ("GET", b"")
    texts = []
    for each in headers:
        given = {**each, "Content-Type": "application/json", "Content-Length": str(len(content))} if body else each
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        texts.append(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode() + content)
    requests = (text.replace(KEY.encode(), uuid4().bytes.hex().encode()) for text in cycle(texts))
    return asyncio.run(_load(port, requests, connections, seconds))


@contextmanager
def system(folder: str) -> Iterator[tuple[int, int, int]]:
    """The gateway and the services, ready: (port, process id of gunicorn, of nameko)."""
    amqp_url, databases = testing.make_vhost(), ExitStack()
    database_url = databases.enter_context(testing.migrated_database("api_gateway"))
    with open(f"{folder}/wired.py", "w") as module:
        module.write(WIRED)
    gateway_port, health_port = testing.free_port(), testing.free_port()
    environ = {
        **os.environ, "AMQP_URL": amqp_url, "API_GATEWAY_DATABASE_URL": database_url, "PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}".rstrip(":"),
        "WICI_LINK_KEYS": testing.LINK_KEYS, "GATEWAY_SPOOL_FOLDER": f"{folder}/spool",
        "GATEWAY_BIND": f"127.0.0.1:{gateway_port}", "GATEWAY_ACCOUNT_RATE": "0", "GATEWAY_ADDRESS_RATE": "0",
        "GATEWAY_ACCOUNT_REQUESTS": "0",
    }  # fmt: skip
    if os.environ.get("BENCH_RATES"):  # with the rate limiter's own cost
        environ |= {"GATEWAY_ACCOUNT_RATE": "1000000", "GATEWAY_ADDRESS_RATE": "1000000"}
    nameko = f"{os.path.dirname(sys.executable)}/nameko"
    log = open(f"{folder}/log", "wb")
    running = [
        subprocess.Popen(
            [nameko, "run", "--broker", amqp_url, "wired"],
            env={**environ, "WIRED_SERVICES": "1", "HEALTH_PORT": str(health_port)}, stdout=log, stderr=log,
        ),
        subprocess.Popen([sys.executable, "-m", "api_gateway", "wired:app()"], env=environ, stdout=log, stderr=log),
    ]  # fmt: skip
    try:
        for port in (health_port, gateway_port):
            wait_ready(port, f"{folder}/log")
        yield gateway_port, running[1].pid, running[0].pid
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(60)
        log.close()
        testing.delete_vhost(amqp_url)
        databases.close()


def workers_cpu(gunicorn: int) -> float:
    with open(f"/proc/{gunicorn}/task/{gunicorn}/children") as children:
        return sum(cpu_seconds(int(pid)) for pid in children.read().split())


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used so far."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_ready(port: int, log: str) -> None:
    ends = time.monotonic() + 240
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except OSError:
            if time.monotonic() > ends:
                sys.exit(f"not ready; the end of its log:\n{Path(log).read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    ids = {"account_id": UUID(int=1), "campaign_id": UUID(int=2)}
    opened = tokens.signer(LINK_KEY, TokenKind.OPEN, **ids, target="email")(new_id(), UUID(int=4))  # type: ignore[arg-type]
    clicked = tokens.signer(LINK_KEY, TokenKind.CLICK, **ids, target="https://sklep.example/")(new_id(), None)  # type: ignore[arg-type]
    token = {"Authorization": "Bearer bench"}
    cases = [
        ("alive", "/healthz", {}),
        ("authenticated GET", "/v1/cheap", token),
        ("authenticated GET + RPC", "/v1/groups", token),
        ("open pixel", f"/o/{opened}", {}),
        ("click", f"/t/{clicked}", {}),
    ]
    others = f"{os.cpu_count()} cores with a load of {os.getloadavg()[0]:.1f} from others"
    print(f"{others}, {options.connections} connections")
    with tempfile.TemporaryDirectory() as folder, system(folder) as (port, gunicorn, nameko):
        for name, path, headers in cases:
            load(port, path, [headers], 8, 1.0)
            before = workers_cpu(gunicorn), cpu_seconds(nameko)
            outcome = load(port, path, [headers], options.connections, options.seconds)
            asked = outcome.rate * options.seconds / 1e6
            ours, theirs = (workers_cpu(gunicorn) - before[0]) / asked, (cpu_seconds(nameko) - before[1]) / asked
            print(
                f"{name:24} {outcome}  CPU a request: gateway {ours:4.0f} µs, service {theirs:4.0f} µs"
                f"  {outcome.rate / GOAL_RATE:.2f} of the goal"
            )
            tell(Figure(f"gateway: {name}", "/s", outcome.rate, cpu={"gateway": ours, "service": theirs}))


if __name__ == "__main__":
    main()
