"""The dispatcher: recipients a second from due to sent, and what it costs, on a real broker and database.

    python bench/dispatcher.py [--recipients 400000] [--campaigns 4]

The channel is a stand-in that reports every batch done at once; contacts is a small Nameko service that makes
recipients up. Needs `WICI_TEST_DATABASE_URL`, `WICI_TEST_AMQP_URL` and `WICI_TEST_RABBITMQCTL`, as the tests do; makes
and drops a database and a vhost of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import psycopg
from figures import Figure, tell

from chassis import testing
from chassis.broker import Broker, Delivery
from contracts import lanes
from contracts.vocabulary import Channel, Lane

GOAL = 20_000
NEIGHBOURS = Path(__file__).parents[1] / "services" / "campaigns" / "tests" / "integration"
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mebibytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def answer_at_once(broker: Broker) -> None:
    def on_delivery(delivery: Delivery) -> None:
        batch = orjson.loads(delivery.body)
        report = {
            "v": 1,
            "batch_id": batch["batch_id"],
            "campaign_id": batch["campaign_id"],
            "submitted": len(batch["recipients"]),
            "failed": 0,
            "deferred": 0,
        }
        broker.publish(lanes.BATCHES_DONE, orjson.dumps(report))
        delivery.ack()

    broker.consume(lanes.channel_lane(Channel.SMS, Lane.BULK), on_delivery, prefetch=20)


def schedule(connection: psycopg.Connection, recipients: int) -> None:
    connection.execute(
        "INSERT INTO campaigns (id, account_id, name, channel, state, sender, audience, content, options, send_at,"
        " time_zone, content_hash, fields) VALUES (%s, %s, 'bench', 'sms', 'scheduled', %s, %s, %s, '{}', now(),"
        " 'Europe/Warsaw', 'none', %s)",
        (
            uuid4(),
            UUID(int=uuid4().int & ~1),
            '"WICI"',
            orjson.dumps({"groups": [str(UUID(int=recipients))]}).decode(),
            '{"text": "{{ first_name }} {{ discount_code }}"}',
            '["first_name", "discount_code"]',
        ),
    )


def count(connection: psycopg.Connection, question: str) -> int:
    row = connection.execute(question).fetchone()
    return int(row[0]) if row else 0


def run(recipients: int, campaigns: int) -> None:
    amqp_url = testing.make_vhost()
    databases = ExitStack()
    url = databases.enter_context(testing.migrated_database("campaigns"))
    log = Path(tempfile.mkdtemp()) / "log"
    environ = {**os.environ, "AMQP_URL": amqp_url, "CAMPAIGNS_DATABASE_URL": url, "PYTHONPATH": str(NEIGHBOURS)}
    processes = []
    broker = Broker(amqp_url, "bench").start()
    try:
        nameko = [str(Path(sys.executable).with_name("nameko")), "run", "--broker", amqp_url, "neighbours"]
        dispatcher = [sys.executable, "-m", "campaigns.dispatcher"]
        for command in (nameko, dispatcher):
            ports = {"HEALTH_PORT": str(testing.free_port())}
            processes.append(testing.RunningProcess(command, environ | ports, log).wait_ready())
        answer_at_once(broker)
        with psycopg.connect(url, autocommit=True) as connection:
            measure(connection, processes[1].pid, processes[0].pid, recipients, campaigns)
    finally:
        for process in processes:
            process.stop()
        broker.close()
        databases.close()
        testing.delete_vhost(amqp_url)


def measure(connection: psycopg.Connection, pid: int, neighbours: int, recipients: int, campaigns: int) -> None:
    for _ in range(campaigns):
        schedule(connection, recipients // campaigns)
    while not count(connection, "SELECT count(*) FROM campaign_batches"):
        time.sleep(0.01)
    started, cpu, beside = time.perf_counter(), cpu_seconds(pid), cpu_seconds(neighbours)
    while count(connection, "SELECT count(*) FROM campaigns WHERE state = 'sent'") < campaigns:
        time.sleep(0.05)
    elapsed, used = time.perf_counter() - started, cpu_seconds(pid) - cpu
    submitted = count(connection, "SELECT sum(submitted) FROM campaigns")
    rate = submitted / elapsed
    print(f"recipients           {submitted:>10,} in {campaigns} campaigns, {elapsed:.1f} s")
    print(f"recipients/s         {rate:>10,.0f}   {rate / GOAL:.1f} × the goal of {GOAL:,}")
    print(f"dispatcher's CPU     {used / elapsed:>10.2f}   of a core; {used / submitted * 1e6:.1f} µs a recipient")
    print(f"CPU at the goal      {used / submitted * GOAL:>10.2f}   of a core")
    print(f"contacts' CPU        {(cpu_seconds(neighbours) - beside) / elapsed:>10.2f}   of a core, the stand-in's")
    print(f"machine's load       {os.getloadavg()[0]:>10.1f}   on {os.cpu_count()} cores")
    peak = peak_mebibytes(pid)
    tell(Figure("dispatching recipients", "/s", rate, cpu={"dispatcher": used / submitted * 1e6}, megabytes=peak))
    print(f"dispatcher's memory  {peak:>10.0f}   MiB at its peak")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=400_000)
    parser.add_argument("--campaigns", type=int, default=4)
    options = parser.parse_args()
    run(options.recipients, options.campaigns)
