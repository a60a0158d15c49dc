"""How fast `sms_gateway.outbound` is, alone with a simulated carrier: real broker, real database.

    python bench/sms_outbound.py [--messages 100000] [--binds 2] [--window 500] [--profile FILE]

Fills the bulk lane with a campaign, starts `sms_gateway.outbound`, and waits until every receipt is in the ledger.
Prints messages a second from the first claim to the last receipt, and µs of CPU a message for each process, beside the
bare cost of the SMPP client and of the ledger's COPY on the same machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import orjson
import psycopg
import sqlalchemy

from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import LINK_KEYS, SECRET_KEYS, delete_vhost, free_port, make_vhost, migrated_database
from contracts import lanes
from sms_gateway.store import contents
from sms_gateway.usecases import carriers

ADMIN = os.environ.get("WICI_TEST_DATABASE_URL", "postgresql://wici:wici@127.0.0.1:55432/postgres")
CHILDREN: list[subprocess.Popen[bytes]] = []
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=100_000)
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
    database = Database(make_engine(url, pool_size=2))
    account_id, campaign_id, send_id = new_id(), new_id(), new_id()
    with database.transaction() as session:
        carriers.put_carrier(
            session,
            vault=Vault(SECRET_KEYS),
            name="bench",
            reason="Benchmark",
            settings={
                "host": "127.0.0.1", "port": port, "system_id": "bench", "password": "x",
                "binds": options.binds, "window": options.window,
            },
        )  # fmt: skip
        content = contents.keep_content(session, account_id=account_id, sender="Wici", content={"text": options.text})
    broker = Broker(amqp, "bench").start()
    fill(broker, options.messages, account_id, campaign_id, send_id, content)
    events = Counter()
    broker.consume(lanes.DELIVERY_EVENTS, events.take, prefetch=50)
    broker.consume(lanes.BATCHES_DONE, events.take_done, prefetch=50)
    environ = {
        **os.environ, "SMS_GATEWAY_DATABASE_URL": url, "AMQP_URL": amqp, "WICI_SECRET_KEYS": SECRET_KEYS,
        "WICI_LINK_KEYS": LINK_KEYS, "HEALTH_PORT": "0",
    }  # fmt: skip
    beam = beam_of(amqp)
    postgres = Postgres(name)
    before = {pid: cpu_of(pid) for pid in beam}
    postgres_before, own_before = postgres.look(), time.process_time()
    log = tempfile.NamedTemporaryFile("w+", suffix=".log")
    outbound = subprocess.Popen([sys.executable, "-m", "sms_gateway.outbound"], env=environ, stderr=log)
    CHILDREN.append(outbound)
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
            started, cpu_started = time.time(), cpu_of(outbound.pid)
        if outbound.poll() is not None:
            sys.exit(f"the process ended: {Path(log.name).read_text()[-3000:]}")
        if started and time.time() - started > 300:
            print("gave up:", events.__dict__, Path(log.name).read_text()[-2000:])
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
    outbound_cpu = cpu_of(outbound.pid)
    print(
        f"outbound            {(outbound_cpu - cpu_started) * per:.1f} µs CPU a message (start-up {cpu_started:.1f} s apart)"
    )
    print(f"postgres            {(postgres.look() - postgres_before) * per:.1f} µs (backends)")
    print(f"rabbitmq            {sum(cpu_of(pid) - before[pid] for pid in beam) * per:.1f} µs (shared node)")
    print(f"simulator           {cpu_of(simulator.pid) * per:.1f} µs")
    print(f"this script         {(time.process_time() - own_before) * per:.1f} µs (stands for reporting)")
    peak = [line for line in Path(f"/proc/{outbound.pid}/status").read_text().splitlines() if "VmHWM" in line]
    print(f"outbound's memory   {int(peak[0].split()[1]) / 1024:.0f} MB at its peak")
    print("events", events.count, "by kind", events.kinds, "batches done", events.done)
    print("carrier", {k: carrier_counts[k] for k in ("submitted", "receipts_taken", "outcomes")})
    if spy:
        spy.send_signal(2)
        spy.wait()
    outbound.terminate()
    outbound.wait(20)
    with psycopg.connect(url) as connection:
        print("ledger", connection.execute("SELECT state, count(*) FROM ledger GROUP BY 1").fetchall(),
              "claims", connection.execute("SELECT count(*) FROM claims").fetchone(),
              "outbox", connection.execute("SELECT count(*) FROM lane_outbox").fetchone())  # fmt: skip
    broker.close()
    simulator.terminate()
    database.dispose()


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

    def take_done(self, delivery: object) -> None:
        self.done += 1
        delivery.ack()  # type: ignore[attr-defined]


def fill(broker: Broker, messages: int, account_id: object, campaign_id: object, send_id: object, content: str) -> None:
    """The whole campaign into the bulk lane."""
    confirmations = []
    for start in range(0, messages, lanes.BATCH_SIZE):
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


if __name__ == "__main__":
    main()
