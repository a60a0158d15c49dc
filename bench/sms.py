"""Wici, Kannel and Jasmin, one after another on this machine, each bound to the same foreign SMSC.

    python bench/sms.py [--messages 5000] [--only wici kannel jasmin] [--clients 8]

Wici has a campaign in its lane; Kannel and Jasmin, which have no campaigns, are asked by HTTP over connections that stay
open. Each message is submitted, gets its receipt, and who sent it is told: Wici by its delivery events, the others by a
request to our listener. What is printed: messages a second from the first submit_sm to the last receipt that the SMSC had
acknowledged; CPU seconds a thousand messages and peak memory of all that the contender runs (Wici: `outbound`, the
database's backends and the broker's share; Kannel: both boxes; Jasmin: `jasmind`, Redis and the broker's share); and what
a bare pair of sockets that speaks SMPP takes, as the limit. The SMSC, the listener and who asks are nobody's.

What one contender does more than another: Wici keeps every message and its states in PostgreSQL, committed before it
leaves; Kannel has no store on disk here; Jasmin's queues are as it ships.
"""

from __future__ import annotations

import argparse
import http.client
import json
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit

import sms_outbound as parts
import sqlalchemy
from figures import Figure, tell
from sms_peers import NotToBeHad, Peer, start_jasmin, start_kannel, wait_for

from chassis.testing import delete_vhost, free_port, make_vhost, migrated_database

TEXT = "Czesc Zofia! Rabat A0000001 tylko dzis w Gdyni. Wici"
PATIENCE = 120.0  # seconds without a receipt


@dataclass(frozen=True)
class Figures:
    """What one contender did; `told` of how many messages it knew the end."""

    messages: int
    told: int
    seconds: float
    cpu: float
    memory: float  # MB

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu_per_thousand(self) -> float:
        return self.cpu / self.messages * 1_000


class Smsc:
    """`foreign_smsc.py` as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.port, self._file = free_port(), folder / "smsc.json"
        program = str(Path(__file__).with_name("foreign_smsc.py"))
        self._process = subprocess.Popen([sys.executable, program, str(self.port), str(self._file)])
        wait_for(self.port, "the SMSC")

    def counts(self) -> dict[str, float]:
        return json.loads(self._file.read_text()) if self._file.exists() else {"acknowledged": 0, "binds": 0}

    def wait(self, messages: int, look: Callable[[], object]) -> float:
        """Until each has its receipt; the seconds that all took."""
        known, since = -1.0, time.monotonic()
        while (counts := self.counts())["acknowledged"] < messages:
            look()
            if counts["acknowledged"] != known:
                known, since = counts["acknowledged"], time.monotonic()
            elif time.monotonic() - since > PATIENCE:
                raise NotToBeHad(f"stood still at {known:.0f} of {messages} receipts")
            time.sleep(0.05)
        return counts["last_at"] - counts["first_at"]

    def wait_for_bind(self) -> None:
        end = time.monotonic() + 60
        while not self.counts()["binds"]:
            if time.monotonic() > end:
                raise NotToBeHad("it did not bind to the SMSC")
            time.sleep(0.1)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)


class Usage:
    """CPU seconds since this was made, and peak memory, of some processes; of the broker alone its CPU."""

    def __init__(self, own: list[int], broker: list[int]) -> None:
        self._own, self._broker = own, broker
        self._before = {pid: parts.cpu_of(pid) for pid in (*own, *broker)}

    def cpu(self) -> float:
        return sum(parts.cpu_of(pid) - before for pid, before in self._before.items())

    def memory(self) -> float:
        return sum(map(peak_of, self._own))


def peak_of(pid: int) -> float:
    """MB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def measure_wici(messages: int, folder: Path, clients: int) -> Figures:
    """`sms_gateway.outbound` with a campaign of that many in its lane."""
    amqp, smsc = make_vhost(), Smsc(folder)
    try:
        with migrated_database("sms_gateway") as url, parts.outbound_at(url, amqp, smsc.port, messages, TEXT) as run:
            smsc.wait_for_bind()
            postgres = parts.Postgres(str(sqlalchemy.make_url(url).database))
            before = postgres.look()
            usage = Usage([run.outbound.pid], parts.beam_of(amqp))
            run.fill()
            seconds = smsc.wait(messages, postgres.look)
            run.events.wait(messages)
            cpu = usage.cpu() + postgres.look() - before
            return Figures(messages, run.events.final, seconds, cpu, usage.memory() + postgres.memory())
    finally:
        smsc.stop()
        delete_vhost(amqp)


def measure_kannel(messages: int, folder: Path, clients: int) -> Figures:
    return _by_http(lambda smsc: start_kannel(smsc.port, folder), _kannel_request, messages, folder, clients, [])


def measure_jasmin(messages: int, folder: Path, clients: int) -> Figures:
    amqp = make_vhost()
    try:
        start = lambda smsc: start_jasmin(smsc.port, folder, amqp)  # noqa: E731
        return _by_http(start, _jasmin_request, messages, folder, clients, parts.beam_of(amqp))
    finally:
        delete_vhost(amqp)


def _kannel_request(number: int, listener: str) -> str:
    return f"&from=Wici&to=486{number:08d}&text={quote(TEXT)}&dlr-url={quote(listener + '?end=%d', safe='')}"


def _jasmin_request(number: int, listener: str) -> str:
    return f"&from=Wici&to=486{number:08d}&content={quote(TEXT)}&dlr-url={quote(listener, safe='')}"


def _by_http(
    start: Callable[[Smsc], Peer],
    request: Callable[[int, str], str],
    messages: int,
    folder: Path,
    clients: int,
    broker: list[int],
) -> Figures:
    smsc = Smsc(folder)
    try:
        peer = start(smsc)
        try:
            smsc.wait_for_bind()
            with listening() as listener:
                usage = Usage([process.pid for process in peer.processes], broker)
                ask_all(peer.url, [request(number, listener.url) for number in range(messages)], clients)
                seconds = smsc.wait(messages, lambda: None)
                listener.wait(messages)
                return Figures(messages, listener.told, seconds, usage.cpu(), usage.memory())
        finally:
            peer.stop()
    finally:
        smsc.stop()


def ask_all(url: str, requests: list[str], clients: int) -> None:
    """All requests over so many connections, each again until it is taken."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for each in requests:
        waiting.put(each)
    place = urlsplit(url)

    def ask() -> None:
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
        while True:
            try:
                query = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                connection.request("GET", f"{place.path}?{place.query}{query}")
                answer = connection.getresponse()
                answer.read()
                is_taken = answer.status in (200, 202)
            except (OSError, http.client.HTTPException):
                connection.close()
                is_taken = False
            if not is_taken:
                waiting.put(query)
                time.sleep(0.05)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Listener(ThreadingHTTPServer):
    """Who is told of ends."""

    daemon_threads = True
    told = 0
    lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def wait(self, messages: int, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while self.told < messages and time.monotonic() < end:
            time.sleep(0.05)


class _Told(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listener

    def do_GET(self) -> None:
        # Kannel tells of what the SMSC took, too: 8. Jasmin waits for these six characters.
        if "end=8" not in self.path:
            with self.server.lock:
                self.server.told += 1
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"ACK/Jasmin")

    def log_message(self, *_words: object) -> None:
        pass


@contextmanager
def listening() -> Iterator[Listener]:
    server = Listener(("127.0.0.1", 0), _Told)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def measure_limit(messages: int, folder: Path, clients: int) -> Figures:
    """A bare pair: `foreign_smsc.py`, and a client that submits and acknowledges and does nothing else."""
    smsc = Smsc(folder)
    try:
        cpu = parts.cpu_of(smsc._process.pid)
        spent = parts.bare_client(smsc.port, messages)
        seconds = smsc.wait(messages, lambda: None)
        return Figures(messages, messages, seconds, spent + parts.cpu_of(smsc._process.pid) - cpu, 0.0)
    finally:
        smsc.stop()


CONTENDERS: dict[str, Callable[[int, Path, int], Figures]] = {
    "wici": measure_wici,
    "kannel": measure_kannel,
    "jasmin": measure_jasmin,
    "bare pair": measure_limit,
}


def show(found: dict[str, Figures], missing: dict[str, str]) -> None:
    print(
        f"\n{'':<10} {'messages/s':>11} {'CPU s/1000':>11} {'memory MB':>10} {'told':>12}   ratio to wici (rate, CPU)"
    )
    ours = found.get("wici")
    for name, one in found.items():
        ratio = f"{one.rate / ours.rate:.2f}× {one.cpu_per_thousand / ours.cpu_per_thousand:.1f}×" if ours else ""
        told = f"{one.told}/{one.messages}"
        print(f"{name:<10} {one.rate:>9,.0f}/s {one.cpu_per_thousand:>11.3f} {one.memory:>10.0f} {told:>12}   {ratio}")
    for name in found.keys() - {"wici", "bare pair"} if ours else ():
        limit = ("bare pair", found["bare pair"].rate) if "bare pair" in found else None
        of = {"Wici": ours.cpu_per_thousand * 1e3, name: found[name].cpu_per_thousand * 1e3}
        tell(Figure(f"SMS to a foreign SMSC, {name}", "/s", ours.rate, (name, found[name].rate), limit))
        tell(Figure(f"SMS to a foreign SMSC, CPU, {name}", "µs", of["Wici"], (name, of[name]), megabytes=ours.memory))
    for name, reason in missing.items():
        print(f"\n!!! {name.upper()} WAS NOT MEASURED: {reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--only", nargs="*", choices=list(CONTENDERS), default=list(CONTENDERS))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    found, missing = dict[str, Figures](), dict[str, str]()
    for name in options.only:
        with tempfile.TemporaryDirectory(prefix=f"wici-bench-{name.split()[0]}-") as folder:
            try:
                found[name] = CONTENDERS[name](options.messages, Path(folder), options.clients)
            except NotToBeHad as reason:
                missing[name] = str(reason)
    show(found, missing)


if __name__ == "__main__":
    main()
