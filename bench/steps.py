"""A campaign of two steps: what moving people between them costs, and whether everybody was reached once.

    python bench/steps.py [--recipients 50000]

E-mail first, SMS for whom it does not reach: a third have no address there, and every tenth of the others' mails is
refused, so that 40 % fall back. The channels are stand-ins that hand everything over and tell what came of it at once;
contacts makes recipients up. At the end each message that the stand-ins have seen is compared with what is kept of the
person. Needs what `bench/dispatcher.py` needs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import psycopg

from chassis import testing
from chassis.broker import Broker
from chassis.bus_messages import Delivery
from contracts import lanes
from contracts.ids import message_id, step_campaign_id
from contracts.vocabulary import Channel, Lane

NEIGHBOURS = Path(__file__).parents[1] / "services" / "campaigns" / "tests" / "integration"
TICKS = os.sysconf("SC_CLK_TCK")
GO_ON = {"impossible": True, "refused": True, "not_delivered_minutes": None, "not_read_hours": None}
STEPS = [
    {"channel": "email", "sender": {"from_email": "a@x.example"}, "content": {"subject": "Hi", "html": "<p>Hi</p>"}},
    {"channel": "sms", "sender": "WICI", "content": {"text": "Hi {{ first_name }}"}},
]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class StandIn:
    """A channel. :ivar seen: who got which message."""

    def __init__(self, broker: Broker, channel: Channel) -> None:
        self._broker, self._channel = broker, channel
        self.seen: dict[str, int] = {}
        self.twice = 0
        broker.consume(lanes.channel_lane(channel, Lane.BULK), self._on_delivery, prefetch=20)

    def _on_delivery(self, delivery: Delivery) -> None:
        batch = orjson.loads(delivery.body)
        send_id, now, events = UUID(batch["send_id"]), time.time(), []
        for one in batch["recipients"]:
            person, key = int(one["address"][3:]) - 500_000_000, str(message_id(send_id, one["number"]))
            self.twice += key in self.seen
            self.seen[key] = person
            is_refused = self._channel is Channel.EMAIL and person % 10 == 1
            for kind in ("submitted", "hard_bounced" if is_refused else "delivered"):
                events.append(
                    {"message_id": key, "account_id": batch["account_id"], "campaign_id": batch["campaign_id"],
                     "kind": kind, "channel": self._channel, "at": now}
                )  # fmt: skip
        self._broker.publish(lanes.DELIVERY_EVENTS, orjson.dumps({"v": 1, "source": "bench", "events": events}))
        count = len(batch["recipients"])
        done = {"v": 1, "batch_id": batch["batch_id"], "campaign_id": batch["campaign_id"], "submitted": count}
        self._broker.publish(lanes.BATCHES_DONE, orjson.dumps({**done, "failed": 0, "deferred": 0}))
        delivery.ack()


def schedule(connection: psycopg.Connection, recipients: int) -> UUID:
    campaign_id = uuid4()
    connection.execute(
        "INSERT INTO campaigns (id, account_id, name, channel, state, audience, content, options, send_at, time_zone,"
        " content_hash, fields, steps, step_channels) VALUES (%s, %s, 'bench', 'email', 'scheduled', %s, '{}', '{}',"
        " now(), 'Europe/Warsaw', 'none', '[\"first_name\"]', %s, %s)",
        (
            campaign_id, UUID(int=uuid4().int & ~1), orjson.dumps({"groups": [str(UUID(int=recipients))]}).decode(),
            orjson.dumps([{**step, "go_on": GO_ON, "quiet_hours": None} for step in STEPS]).decode(), ["email", "sms"],
        ),
    )  # fmt: skip
    return campaign_id


def value(connection: psycopg.Connection, question: str, campaign_id: UUID) -> int:
    row = connection.execute(question, (campaign_id,)).fetchone()
    return int(row[0] or 0) if row else 0


def run(recipients: int) -> None:
    amqp_url = testing.make_vhost()
    databases = ExitStack()
    url = databases.enter_context(testing.migrated_database("campaigns"))
    log = Path(tempfile.mkdtemp()) / "log"
    environ = {**os.environ, "AMQP_URL": amqp_url, "CAMPAIGNS_DATABASE_URL": url, "PYTHONPATH": str(NEIGHBOURS)}
    processes = []
    broker = Broker(amqp_url, "bench").start()
    try:
        nameko = [str(Path(sys.executable).with_name("nameko")), "run", "--broker", amqp_url, "neighbours"]
        own = [[sys.executable, "-m", f"campaigns.{name}"] for name in ("dispatcher", "chains")]
        for command in (nameko, *own):
            ports = {"HEALTH_PORT": str(testing.free_port())}
            processes.append(testing.RunningProcess(command, environ | ports, log).wait_ready())
        channels = [StandIn(broker, channel) for channel in (Channel.EMAIL, Channel.SMS)]
        pids = {name: process.pid for name, process in zip(("dispatcher", "chains"), processes[1:], strict=True)}
        with psycopg.connect(url, autocommit=True) as connection:
            measure(connection, pids, channels, recipients)
    finally:
        for process in processes:
            process.stop()
        broker.close()
        databases.close()
        testing.delete_vhost(amqp_url)


def measure(connection: psycopg.Connection, pids: dict[str, int], channels: list[StandIn], recipients: int) -> None:
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    started = time.perf_counter()
    campaign_id = schedule(connection, recipients)
    running = "SELECT count(*) FROM campaign_people WHERE campaign_id = %s AND state = 'running'"
    while not value(connection, "SELECT count(*) FROM campaigns WHERE id = %s AND state = 'sent'", campaign_id):
        time.sleep(0.1)
    while value(connection, running, campaign_id):
        time.sleep(0.1)
    elapsed = time.perf_counter() - started
    messages = sum(len(channel.seen) for channel in channels)
    fell_back = len(channels[1].seen)
    print(f"people               {recipients:>10,}   {fell_back / recipients:.0%} by the second step, {elapsed:.1f} s")
    print(f"messages             {messages:>10,}   {messages / elapsed:,.0f} a second")
    for name, pid in pids.items():
        used = cpu_seconds(pid) - before[name]
        print(f"{name + ' CPU':<21}{used / messages * 1e6:>10.1f}   µs a message")
    compare(connection, campaign_id, channels, recipients)


def compare(connection: psycopg.Connection, campaign_id: UUID, channels: list[StandIn], recipients: int) -> None:
    """Each message that was seen is one that is kept, of its person and step; and nobody was reached by two."""
    send_ids = [
        connection.execute("SELECT send_id FROM campaigns WHERE id = %s", (step_campaign_id(campaign_id, place),))
        .fetchone()[0]  # type: ignore[index]
        for place in range(len(channels))
    ]  # fmt: skip
    kept: list[dict[str, int]] = [{} for _ in channels]
    states = Counter[str]()
    rows = connection.execute(
        "SELECT number, state, numbers, steps FROM campaign_people WHERE campaign_id = %s", (campaign_id,)
    )
    twice = 0
    for number, state, numbers, steps in rows:
        states[state] += 1
        twice += sum(step["x"] == "reached" for step in steps) > 1
        for place, step in enumerate(steps):
            if "a" in step and numbers[place] and "o" in step:
                kept[place][str(message_id(send_ids[place], numbers[place]))] = number
    wrong = [kept[place] != channel.seen for place, channel in enumerate(channels)]
    again = sum(channel.twice for channel in channels)
    print(f"states               {dict(states)}, {sum(states.values()):,} of {recipients:,}")
    print(f"reached by two steps {twice:>10,}   messages that came twice: {again:,}")
    print(f"equal to the channels message by message: {not any(wrong)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=50_000)
    run(parser.parse_args().recipients)
