"""Redirects of tracked links beside a bare route of gunicorn that redirects and keeps nothing, in one run and in pairs.

    python bench/redirects.py [--pairs 5] [--seconds 4] [--connections 64]

Both have two workers. The bare ones are Flask's `redirect` under gunicorn's own threads, and a WSGI function alone; ours verify
the token, look at endings, and write the click to the spool, from which it is published to a real RabbitMQ meanwhile. Prints rate,
p99 and CPU of the workers for each, and of the pairs the median ratio (goal: half of the bare route's rate), then the p99 at half
of the rate that was reached (goal: under 20 ms). Needs what `gateway.py` needs. CPU a request is what counts on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from figures import Figure, tell

from chassis import testing
from chassis.ids import new_id
from contracts import tokens
from contracts.tokens import TokenKind
from gateway import LINK_KEY, load, system, wait_ready, workers_cpu

GOAL_RATIO, GOAL_P99 = 0.5, 20.0
BARE = """
from flask import Flask, redirect

flask = Flask("bare")

@flask.get("/t/<token>")
def click(token):
    return redirect("https://sklep.example/")

@flask.get("/readyz")
def ready():
    return "ok"

def wsgi(environ, start_response):
    status = "200 OK" if environ["PATH_INFO"] == "/readyz" else "302 Found"
    start_response(status, [("Location", "https://sklep.example/"), ("Content-Length", "0")])
    return [b""]
"""
Kind = tuple[str, int, int]  # name, port, pid of gunicorn


class Seen(NamedTuple):
    rate: float
    p99: float
    cpu: float  # microseconds of the workers a request


@contextmanager
def bare(folder: str, name: str) -> Iterator[Kind]:
    port = testing.free_port()
    command = [
        f"{os.path.dirname(sys.executable)}/gunicorn", "--worker-class", "gthread", "--workers", "2", "--threads", "16",
        "--bind", f"127.0.0.1:{port}", "--keep-alive", "75", "--no-control-socket", f"bare:{name}",
    ]  # fmt: skip
    with open(f"{folder}/{name}.log", "wb") as log:
        running = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": folder}, cwd=folder, stdout=log, stderr=log
        )
        try:
            wait_ready(port, f"{folder}/{name}.log")
            yield f"bare {name}", port, running.pid
        finally:
            running.terminate()
            running.wait(30)


def measure(kind: Kind, path: str, connections: int, seconds: float) -> Seen:
    _, port, pid = kind
    load(port, path, [{}], 8, 0.5)
    before = workers_cpu(pid)
    outcome = load(port, path, [{}], connections, seconds)
    if outcome.refused:
        sys.exit(f"{kind[0]}: {outcome.refused.total()} answers were refusals")
    return Seen(outcome.rate, outcome.p99, (workers_cpu(pid) - before) * 1e6 / (outcome.rate * seconds))


async def paced(port: int, path: str, rate: float, seconds: float, connections: int) -> float:
    """The p99 in milliseconds of requests that are due at an even rate, waiting for a connection included."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    due: asyncio.Queue[float] = asyncio.Queue()
    latencies: list[float] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            at = await due.get()
            writer.write(request)
            await reader.readuntil(b"\r\n\r\n")
            latencies.append(time.perf_counter() - at)

    asking = [asyncio.create_task(one()) for _ in range(connections)]
    start = time.perf_counter()
    for number in range(int(rate * seconds)):
        at = start + number / rate
        if (wait := at - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        due.put_nowait(at)
    await asyncio.sleep(1)
    for task in asking:
        task.cancel()
    done = sorted(latencies)
    return done[len(done) * 99 // 100] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    sign = tokens.signer(
        LINK_KEY, TokenKind.CLICK, account_id=UUID(int=1), campaign_id=UUID(int=2), target="https://sklep.example/"
    )
    path = f"/t/{sign(new_id(), None)}"
    print(f"{os.cpu_count()} cores with a load of {os.getloadavg()[0]:.1f} from others")
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/bare.py", "w") as module:
            module.write(BARE)
        with system(folder) as (port, pid, _), bare(folder, "flask") as flask, bare(folder, "wsgi") as wsgi:
            kinds: list[Kind] = [("ours", port, pid), flask, wsgi]
            seen: dict[str, list[Seen]] = {kind[0]: [] for kind in kinds}
            for pair in range(options.pairs):
                for kind in kinds if pair % 2 else reversed(kinds):
                    seen[kind[0]].append(measure(kind, path, options.connections, options.seconds))
            show(seen)
            half = statistics.median(each.rate for each in seen["ours"]) / 2
            p99 = asyncio.run(paced(port, path, half, options.seconds, options.connections))
            print(f"at half load ({half:,.0f}/s) p99 {p99:.1f} ms  goal {GOAL_P99:.0f} ms")


def show(seen: dict[str, list[Seen]]) -> None:
    for name, all_of in seen.items():
        rate, p99, cpu = (statistics.median(values) for values in zip(*all_of, strict=True))
        print(f"{name:12} {rate:8,.0f}/s  p99 {p99:6.1f} ms  CPU a request {cpu:4.0f} µs")
    for name in [name for name in seen if name != "ours"]:
        pairs = list(zip(seen["ours"], seen[name], strict=True))
        rate = statistics.median(ours.rate / other.rate for ours, other in pairs)
        cpu = statistics.median(other.cpu / ours.cpu for ours, other in pairs)
        of_ours, of_other = (statistics.median(one.rate for one in seen[kind]) for kind in ("ours", name))
        used = {"gateway": statistics.median(one.cpu for one in seen["ours"])}
        tell(Figure(f"clicks, {name}", "/s", of_ours, (name, of_other), cpu=used))
        print(f"ratio to {name}: rate {rate:.2f}, by CPU {cpu:.2f}  goal {GOAL_RATIO}")


if __name__ == "__main__":
    main()
