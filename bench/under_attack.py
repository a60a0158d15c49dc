"""What one hostile tenant and a stranger do to everybody else: figures beside their usual ones, on the running system.

    make bench B=bench/under_attack.py

At once: 200 half-sent log-ins and 50 slow uploads, each opened again within a second of its end, and six poisoned imports with
four exports of one tenant. Beside them: `/healthz`, a click and another tenant's `/v1/account`, one request after another
on a connection of its own, and that tenant's import, export and file of a person. Usual figures come first, in the same run.
"""

from __future__ import annotations

import os
import selectors
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "deploy/local"), str(ROOT / "tests/abuse")]
from journey import Journey
from raw import Raw
from test_fair_jobs import POISONED_IMPORTS, has_ended, poison, usual_work
from test_slots import HALF_OPEN, SLOW_UPLOADS, half_sent_log_in, slow_upload

REQUESTS = 100
# At once would be a flood of new connections, another attack, and this program would measure how busy it is itself.
AGAIN_SECONDS = 1.0
Figures = dict[str, tuple[float, ...]]


@contextmanager
def held_open(raw: Raw, bytes_to_send: list[Callable[[], bytes]]) -> Iterator[None]:
    """Connections on which these bytes were sent and nothing after them; one that is ended is opened again."""
    stop, selector = threading.Event(), selectors.DefaultSelector()

    def open_one(make: Callable[[], bytes]) -> None:
        selector.register(raw.send(make()), selectors.EVENT_READ, make)

    def keep() -> None:
        while not stop.wait(AGAIN_SECONDS):
            for key, _events in selector.select(0):
                selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
                open_one(key.data)

    for make in bytes_to_send:
        open_one(make)
    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        selector.close()


def latencies(raw: Raw, path: str, expected: int, **headers: str) -> tuple[float, ...]:
    """(p50, p99) in seconds."""
    taken = []
    for _ in range(REQUESTS):
        status, _answer, seconds = raw.get(path, **headers)
        if status != expected:
            sys.exit(f"{path} was answered with {status}")
        taken.append(seconds)
    cuts = statistics.quantiles(taken, n=100)
    return cuts[49], cuts[98]


def figures(raw: Raw, neighbour: Journey, folder: Path) -> Figures:
    """Of what everybody else does now."""
    token = {"Authorization": f"Bearer {neighbour.api.token}"}
    found = {
        "/healthz": latencies(raw, "/healthz", 200),
        "a click": latencies(raw, raw.click_path(), 302),
        "/v1/account": latencies(raw, "/v1/account", 200, **token),
    }
    return found | {kind: (seconds,) for kind, seconds in usual_work(neighbour, folder).items()}


def show(usual: Figures, beside: Figures) -> None:
    print(f"{'':14} {'usual':>9} {'attacked':>9} {'ratio':>7}")
    for name, before in usual.items():
        labels = ("p50", "p99") if len(before) == 2 else ("job",)
        for label, then, now in zip(labels, before, beside[name], strict=True):
            print(f"{name + ' ' + label:14} {then:7.3f} s {now:7.3f} s {now / then:6.1f}x")


def main() -> None:
    environ: dict[str, Any] = dict(os.environ)
    raw, neighbour, hostile = Raw(environ), Journey(environ), Journey(environ)
    for journey in (neighbour, hostile):
        journey.prepare()
    print(f"{os.cpu_count()} cores with a load of {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        usual = figures(raw, neighbour, folder)
        jobs = poison(hostile, folder)
        attack = [half_sent_log_in] * HALF_OPEN + [lambda: slow_upload(hostile)] * SLOW_UPLOADS
        with held_open(raw, attack):
            beside = figures(raw, neighbour, folder)
        left = sum(not has_ended(hostile, path) for path in jobs[:POISONED_IMPORTS])
    show(usual, beside)
    print(f"{left} of {POISONED_IMPORTS} poisoned imports were still to end; load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
