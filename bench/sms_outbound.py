"""How fast `sms_gateway.outbound` is, alone with a simulated carrier: real broker, real database.

    python bench/sms_outbound.py [--messages 100000] [--processes 1] [--share 0.2] [--binds 2] [--window 500] [--profile FILE]

Fills the bulk lane with a campaign, starts `sms_gateway.outbound`, and waits until every receipt is in the ledger.
Prints messages a second from the first claim to the last receipt, and µs of CPU a message for each process, beside the
bare cost of the SMPP client and of the ledger's COPY on the same machine. `--share` holds each process to that part of a
core (`slow_cores`), so that one and two of them tell what the second adds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import psycopg
import sqlalchemy
from figures import Figure, tell
from slow_cores import held

from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import LINK_KEYS, SECRET_KEYS, delete_vhost, free_port, make_vhost, migrated_database
from contracts import lanes
from sms_gateway.smpp.constants import Command
from sms_gateway.store import contents
from sms_gateway.usecases import carriers

ADMIN = os.environ.get("WICI_TEST_DATABASE_URL", "postgresql://wici:wici@127.0.0.1:55432/postgres")
CHILDREN: list[subprocess.Popen[bytes]] = []
BARE_TEXT = b"Czesc Zofia! Rabat A0000001 tylko dzis w Gdyni. Wici"
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def pids_named(*words: str) -> list[int]:
    """Processes whose command line holds all of `words`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if all(word in line for word in words):
                found.append(int(entry.name))
    return found


def beam_of(amqp: str) -> list[int]:
    """The broker's process: the one whose command line names the port. Shared with whoever else uses that broker."""
    node = os.environ.get("WICI_TEST_RABBITMQCTL", "").rpartition("-n ")[2].strip()
    return pids_named("beam.smp", node)[:1]


class Postgres:
    """CPU of the server processes of one database, those that ended included as far as they were seen."""

    def __init__(self, name: str) -> None:
        self._name, self._seen = name, {}

    def look(self) -> float:
        for pid in pids_named("postgres:", self._name):
            try:
                self._seen[pid] = cpu_of(pid)
            except OSError:
                pass
        return sum(self._seen.values())

    def memory(self) -> float:
        """MB that the backends which run now have to themselves, without the shared buffers."""
        return sum(map(anonymous_of, pids_named("postgres:", self._name)))


def anonymous_of(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon")), 0.0)


@dataclass
class Running:
    """`sms_gateway.outbound` bound to a carrier, and what it tells; `fill` puts the campaign into its lane."""

    outbounds: list[subprocess.Popen[bytes]]
    events: Counter
    fill: Callable[[], None]

    @property
    def outbound(self) -> subprocess.Popen[bytes]:
        return self.outbounds[0]

    def cpu(self) -> float:
        return sum(cpu_of(each.pid) for each in self.outbounds)


@contextmanager
def outbound_at(
    url: str, amqp: str, port: int, messages: int, text: str, *, binds: int = 2, window: int = 500, processes: int = 1
) -> Iterator[Running]:
    """The process, or several, with a carrier at `port`; its errors are shown where it ends by itself."""
    database = Database(make_engine(url, pool_size=2))
    account_id, campaign_id, send_id = new_id(), new_id(), new_id()
    with database.transaction() as session:
        settings = {"host": "127.0.0.1", "port": port, "system_id": "bench", "password": "x", "binds": binds}
        carriers.put_carrier(
            session, vault=Vault(SECRET_KEYS), name="bench", reason="Benchmark", settings={**settings, "window": window}
        )
        content = contents.keep_content(session, account_id=account_id, sender="Wici", content={"text": text})
    broker, events = Broker(amqp, "bench").start(), Counter()
    broker.consume(lanes.DELIVERY_EVENTS, events.take, prefetch=50)
    broker.consume(lanes.BATCHES_DONE, events.take_done, prefetch=50)
    environ = {
        **os.environ, "SMS_GATEWAY_DATABASE_URL": url, "AMQP_URL": amqp, "WICI_SECRET_KEYS": SECRET_KEYS,
        "WICI_LINK_KEYS": LINK_KEYS, "HEALTH_PORT": "0",
    }  # fmt: skip
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        command = [sys.executable, "-m", "sms_gateway.outbound"]
        outbounds = [subprocess.Popen(command, env=environ, stderr=log) for _ in range(processes)]
        CHILDREN.extend(outbounds)
        try:
            yield Running(outbounds, events, lambda: fill(broker, messages, account_id, campaign_id, send_id, content))
        finally:
            if any(each.poll() is not None for each in outbounds):
                print(Path(log.name).read_text()[-3000:], file=sys.stderr)
            for each in outbounds:
                each.terminate()
                each.wait(20)
            broker.close()
            database.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--share", type=float, help="of a core, that each of them may use")
    parser.add_argument("--binds", type=int, default=2)
    parser.add_argument("--window", type=int, default=500)
    parser.add_argument(
        "--text", default="Czesc {{ first_name }}! Rabat {{ discount_code }} tylko dzis w {{ city }}. Wici"
    )
    parser.add_argument("--delay", type=float, default=0.2, help="seconds to the receipt")
    parser.add_argument("--profile", help="py-spy's output file (speedscope JSON by .json, else SVG)")
    options = parser.parse_args()
    amqp = make_vhost()
    # SIGTERM must end the children too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    with migrated_database("sms_gateway") as url:
        try:
            measure(options, url, amqp, str(sqlalchemy.make_url(url).database))
        finally:
            for child in CHILDREN:
                child.kill()
            delete_vhost(amqp)


def measure(options: argparse.Namespace, url: str, amqp: str, name: str) -> None:
    port, http = free_port(), free_port()
    settings = json.dumps({"receipt_delay": options.delay, "undelivered_share": 0.02})
    simulator = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "wici_simulators.smsc",
            "--port",
            str(port),
            "--http-port",
            str(http),
            "--settings",
            settings,
        ],
        stdout=subprocess.DEVNULL,
    )
    CHILDREN.append(simulator)
    running = outbound_at(
        url, amqp, port, options.messages, options.text, binds=options.binds, window=options.window,
        processes=options.processes,
    )  # fmt: skip
    with running as run, held([each.pid for each in run.outbounds], options.share):
        watch(options, run, simulator, http, name, beam_of(amqp))
    with psycopg.connect(url) as connection:
        print("ledger", connection.execute("SELECT state, count(*) FROM ledger GROUP BY 1").fetchall(),
              "claims", connection.execute("SELECT count(*) FROM claims").fetchone(),
              "outbox", connection.execute("SELECT count(*) FROM lane_outbox").fetchone())  # fmt: skip
    simulator.terminate()


def watch(
    options: argparse.Namespace, run: Running, simulator: subprocess.Popen[bytes], http: int, name: str, beam: list[int]
) -> None:
    """Until all is counted; prints the figures."""
    outbound, events, postgres = run.outbound, run.events, Postgres(name)
    before = {pid: cpu_of(pid) for pid in beam}
    run.fill()
    postgres_before, own_before = postgres.look(), time.process_time()
    spy = None
    if options.profile:
        kind = "speedscope" if options.profile.endswith(".json") else "raw"
        command = f"{Path(sys.executable).with_name('py-spy')} record -d 600 -g -t -r 200 -f {kind} -o {options.profile} --pid {outbound.pid}"
        spy = subprocess.Popen(shlex.split(command), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    started = cpu_started = 0.0
    while events.final < options.messages:
        time.sleep(0.05)
        postgres.look()
        if not started and events.count:
            started, cpu_started = time.time(), run.cpu()
        if any(each.poll() is not None for each in run.outbounds):
            sys.exit("a process ended")
        if started and time.time() - started > 300:
            print("gave up:", events.__dict__)
            break
    carrier_counts = json.load(urllib.request.urlopen(f"http://127.0.0.1:{http}/counts"))
    elapsed = events.last - carrier_counts["first_at"]
    per = 1e6 / options.messages
    print(f"messages            {options.messages}")
    print(
        f"messages/s          {options.messages / elapsed:,.0f}  (first submit to last receipt's event, {elapsed:.2f} s)"
    )
    submitting = carrier_counts["last_at"] - carrier_counts["first_at"]
    print(f"submit_sm/s         {carrier_counts['submitted'] / submitting:,.0f}")
    outbound_cpu = run.cpu()
    print(
        f"outbound            {(outbound_cpu - cpu_started) * per:.1f} µs CPU a message (start-up {cpu_started:.1f} s apart)"
    )
    print(f"postgres            {(postgres.look() - postgres_before) * per:.1f} µs (backends)")
    print(f"rabbitmq            {sum(cpu_of(pid) - before[pid] for pid in beam) * per:.1f} µs (shared node)")
    print(f"simulator           {cpu_of(simulator.pid) * per:.1f} µs")
    print(f"this script         {(time.process_time() - own_before) * per:.1f} µs (stands for reporting)")
    peak = [line for line in Path(f"/proc/{outbound.pid}/status").read_text().splitlines() if "VmHWM" in line]
    print(f"outbound's memory   {int(peak[0].split()[1]) / 1024:.0f} MB at its peak")
    tell(
        Figure(
            "SMS outbound alone", "/s", options.messages / elapsed, megabytes=int(peak[0].split()[1]) / 1024,
            cpu={"outbound": (outbound_cpu - cpu_started) * per, "PostgreSQL": (postgres.look() - postgres_before) * per},
        )
    )  # fmt: skip
    print("events", events.count, "by kind", events.kinds, "batches done", events.done)
    print("carrier", {k: carrier_counts[k] for k in ("submitted", "receipts_taken", "outcomes")})
    if spy:
        spy.send_signal(2)
        spy.wait()


class Counter:
    """Counts what would go to reporting and campaigns."""

    def __init__(self) -> None:
        self.count = self.final = self.done = 0
        self.kinds: dict[str, int] = {}
        self.last = 0.0

    def take(self, delivery: object) -> None:
        for event in orjson.loads(delivery.body)["events"]:  # type: ignore[attr-defined]
            kind = event["kind"]
            self.count += 1
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            if kind in ("delivered", "undelivered", "expired", "rejected"):
                self.final += 1
                self.last = time.time()
        delivery.ack()  # type: ignore[attr-defined]

    def wait(self, messages: int, seconds: float = 60.0) -> None:
        """Until that many have ended, for so long at most."""
        end = time.monotonic() + seconds
        while self.final < messages and time.monotonic() < end:
            time.sleep(0.02)

    def take_done(self, delivery: object) -> None:
        self.done += 1
        delivery.ack()  # type: ignore[attr-defined]


def fill(
    broker: Broker, messages: int, account_id: object, campaign_id: object, send_id: object, content: str, done: int = 0
) -> None:
    """The whole campaign into the bulk lane, or so many messages of it behind those that are `done`."""
    confirmations = []
    for start in range(done, messages, lanes.BATCH_SIZE):
        recipients = [
            {"number": number, "contact_id": str(new_id()), "address": f"+486{number:08d}",
             "fields": {"first_name": "Zofia", "discount_code": f"A{number:07d}", "city": "Gdynia"}}
            for number in range(start + 1, min(start + lanes.BATCH_SIZE, messages) + 1)
        ]  # fmt: skip
        batch = {
            "v": 1, "batch_id": str(new_id()), "account_id": str(account_id), "campaign_id": str(campaign_id),
            "send_id": str(send_id), "content_hash": content, "trace_id": "bench", "recipients": recipients,
        }  # fmt: skip
        confirmations.append(broker.publish("lane.sms.bulk", orjson.dumps(batch)))
    for confirmation in confirmations:
        confirmation.result(60)


def bare_client(port: int, messages: int, window: int = 500) -> float:
    """Bind, submit as many and acknowledge all receipts, and nothing else; returns its CPU seconds."""
    started = time.process_time()
    asyncio.run(_submit_all(port, messages, window))
    return time.process_time() - started


async def _submit_all(port: int, messages: int, window: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_frame(Command.BIND_TRANSCEIVER, 1, b"bench\0x\0\0\x34\0\0\0"))
    sent = answered = receipts = 0
    buffered = b""
    while receipts < messages:
        data = await reader.read(1 << 18)
        if not data:
            raise ConnectionError("the SMSC has closed")
        frames, buffered = _frames(buffered + data)
        for command, sequence in frames:
            if command == Command.DELIVER_SM:
                receipts += 1
                writer.write(_frame(Command.DELIVER_SM_RESP, sequence, b"\0"))
            else:
                answered += 1  # the bind's is the first
        while sent < messages and sent - answered + 1 < window:
            sent += 1
            to = f"486{sent:08d}".encode()
            body = b"\0\5\0Wici\0\1\1" + to + b"\0\0\0\0\0\0\1\0\0\0" + bytes((len(BARE_TEXT),)) + BARE_TEXT
            writer.write(_frame(Command.SUBMIT_SM, sent + 1, body))
        await writer.drain()
    writer.close()


def _frame(command: int, sequence: int, body: bytes) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command, 0, sequence) + body


def _frames(data: bytes) -> tuple[list[tuple[int, int]], bytes]:
    """Command and sequence number of each whole PDU, and what follows them."""
    found, at = [], 0
    while len(data) - at >= 16:
        length, command, _, sequence = struct.unpack_from(">IIII", data, at)
        if len(data) - at < length:
            break
        found.append((command, sequence))
        at += length
    return found, data[at:]


if __name__ == "__main__":
    main()
