"""Campaigns on the newer channels, on the running system: messages a second, CPU a message, and who got what.

    make up && .venv/bin/python bench/channel_campaigns.py push --recipients 100000
    .venv/bin/python bench/channel_campaigns.py rcs --recipients 50000

`push`: one device of FCM each. `rcs`: a campaign of two steps, RCS and then SMS, to people of whom 40 % have no RCS. At
the end each message that the simulated providers took is compared with the ledger of its channel: the same ids, the same
addresses, nobody twice, nobody left out.

The devices are written into the databases as 100,000 registrations would have written them.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from campaign import Meter, roots

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "deploy/local"))

import cross_channel
from api import Api, poll
from environment import running
from journey import SENDER_ID, Journey

PATIENCE = 3600.0
PAGE = 5_000
WITHOUT_RCS = ("6", "7", "8", "9")  # of ten endings of phones
HANDED_OVER = ("submitted", "delivered", "read")


class World:
    """An account, its people, and what the providers' simulators say of them."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ
        self.journey = Journey(environ)
        self.journey.prepare()
        stay_logged_in(self.journey)
        local = "http://127.0.0.1"
        self.push, self.rcs, self.ott = (
            Api(f"{local}:{environ[f'WICI_{name}_PORT']}") for name in ("PUSH", "RCS", "OTT")
        )
        self.stem = 600_000_000 + secrets.randbelow(90) * 1_000_000
        calm = {"undelivered_share": 0.0, "expired_share": 0.0, "rejected_share": 0.0}
        self.journey.simulators.smsc.post("/settings", calm)

    def rows(self, service: str, query: str, *values: Any) -> list[Any]:
        with self.database(service) as connection:
            return connection.execute(query, values).fetchall()

    def database(self, service: str) -> psycopg.Connection[Any]:
        url = self.environ["WICI_ADMIN_DATABASE_URL"].rsplit("/", 1)[0]
        return psycopg.connect(f"{url}/wici_{service}")

    def people(self, count: int) -> str:
        """Import so many, with consent to every channel; the id of their group."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "people.csv"
            lines = (f"{self.phone(place)};p{place}\n" for place in range(count))
            file.write_text("Telefon;external_id\n" + "".join(lines))
            job = self.journey.import_contacts(file, group="P", consent=["sms", "rcs", "whatsapp"], seconds=PATIENCE)
        return str(job["group_ids"][0])

    def phone(self, place: int) -> str:
        return f"+48{self.stem + place}"

    def contacts(self) -> dict[str, int]:
        """Places of people by their contact's id."""
        query = "SELECT id::text, external_id FROM contacts WHERE account_id = %s"
        return {key: int(name[1:]) for key, name in self.rows("contacts", query, self.journey.account_id)}

    def give_devices(self, places: dict[str, int]) -> None:
        """One device of FCM to each of these contacts, whose token is `device-` and their place."""
        api = self.journey.api
        fcm = {"project_id": "bench", "client_email": "b@bench.example", "private_key": cross_channel.private_key()}
        application = api.post("/v1/push/applications", {"name": "shop", "title": "Shop", "fcm": fcm})
        account_id, application_id = UUID(self.journey.account_id), UUID(application["id"])
        columns = "id, account_id, application_id, platform, token, token_hash, contact_id"
        with self.database("push_gateway") as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE made (token text, contact_id uuid)")
            with cursor.copy("COPY made FROM STDIN") as copy:
                for contact_id, place in places.items():
                    copy.write_row((f"device-{place}", contact_id))
            cursor.execute(
                f"INSERT INTO devices ({columns}) SELECT gen_random_uuid(), %s, %s, 'fcm', token,"
                " sha256(token::bytea), contact_id FROM made",
                (account_id, application_id),
            )
        self.make_reachable("push", places)

    def make_reachable(self, channel: str, contact_ids: Iterable[str]) -> None:
        """What contacts is told of a first device or subscription."""
        with self.database("contacts") as connection:
            connection.execute(
                f"UPDATE contacts SET {channel} = id::text, {channel}_consent = true, {channel}_consent_at = now(),"
                f" {channel}_at = now() WHERE account_id = %s AND id = ANY(%s::uuid[])",
                (self.journey.account_id, list(contact_ids)),
            )

    def ledger(self, service: str, campaign_id: str) -> dict[str, tuple[str, str]]:
        """Address and state by id of the message."""
        query = "SELECT message_id::text, address, state FROM ledger WHERE campaign_id = %s"
        return {key: (address, state) for key, address, state in self.rows(service, query, campaign_id)}


def received(simulator: Api, key: str = "items") -> Iterator[Any]:
    after = 0
    while page := simulator.get("/messages", after=after, limit=PAGE)[key]:
        yield from page
        after += len(page)


def of_push(world: World, count: int) -> bool:
    group_id = world.people(count)
    places = world.contacts()
    world.give_devices(places)
    mark = secrets.token_hex(4)
    draft = {
        "name": "Push", "channel": "push", "sender": "shop", "audience": {"groups": [group_id]},
        "content": {"title": "Hej", "body": mark},
    }  # fmt: skip
    campaign_id = str(world.journey.api.post("/v1/campaigns", draft)["id"])
    with Meter(roots(world.environ)) as meter:
        began = time.perf_counter()
        world.journey.schedule(campaign_id)
        world.journey.wait_sent(campaign_id, seconds=PATIENCE)
        poll(
            lambda: world.journey.report(campaign_id)["counts"].get("accepted", 0), lambda n: n >= count,
            seconds=PATIENCE,
        )  # fmt: skip
        seconds = time.perf_counter() - began
    show("push", count, count, seconds, meter)
    taken = [
        one["target"]
        for one in received(world.push)
        if one.get("message", {}).get("notification", {}).get("body") == mark
    ]
    ledger = world.ledger("push_gateway", campaign_id)
    kept = [f"device-{places[address]}" for address, state in ledger.values() if state == "delivered"]
    return agree("push", taken, kept, count)


def of_rcs(world: World, count: int) -> bool:
    cross_channel.set_up_rcs(world.journey)
    world.rcs.post("/settings", {"without": list(WITHOUT_RCS)})
    group_id = world.people(count)
    mark = secrets.token_hex(4)
    steps = [
        {"channel": "rcs", "sender": "shop", "content": {"kind": "basic", "text": mark}},
        {"channel": "sms", "sender": SENDER_ID, "content": {"text": mark}},
    ]
    asked = {"name": "RCS, then SMS", "steps": steps, "audience": {"groups": [group_id]}}
    campaign_id = str(world.journey.api.post("/v1/campaigns", asked)["id"])
    with Meter(roots(world.environ)) as meter:
        began = time.perf_counter()
        world.journey.schedule(campaign_id)
        report = cross_channel.wait_over(world.journey, campaign_id, seconds=PATIENCE)
        seconds = time.perf_counter() - began
    reached = report["reached_by"]
    print(f"reached by           {reached}, {report['by_state']}")
    show("rcs, then sms", count, sum(step["sent"] for step in report["steps"]), seconds, meter)
    taken = [f"rcs {one['id']} {one['phone']}" for one in received(world.rcs) if text_of(one) == mark]
    taken += [f"sms {part['to']}" for part in world.journey.received_sms() if part["text"] == mark]
    kept = [
        f"rcs {key} {address}"
        for key, (address, state) in world.ledger("rcs_gateway", report["steps"][0]["campaign_id"]).items()
        if state in HANDED_OVER
    ]
    kept += [
        f"sms {address}"
        for address, state in world.ledger("sms_gateway", report["steps"][1]["campaign_id"]).values()
        if state in HANDED_OVER
    ]
    return agree("rcs and sms", taken, kept, count)


def stay_logged_in(journey: Journey) -> None:
    """A token lasts a quarter of an hour, and a campaign may last longer."""

    def again() -> None:
        while True:
            time.sleep(600)
            journey.log_in()

    threading.Thread(target=again, daemon=True).start()


def text_of(message: dict[str, Any]) -> str:
    return str(message["body"]["contentMessage"].get("text", ""))


def show(what: str, people: int, messages: int, seconds: float, meter: Meter) -> None:
    print(f"{what:<20} {messages:>9,} messages to {people:,} people in {seconds:.1f} s: {messages / seconds:,.0f}/s")
    total = 0.0
    for name, usage in sorted(meter.usages.items(), key=lambda pair: -pair[1].cpu):
        total += usage.cpu
        if usage.cpu / messages > 1e-6:
            print(f"  {name:<24}{usage.cpu / messages * 1e6:>9.0f} µs CPU a message{usage.peak / 1e6:>9.0f} MB")
    print(f"  {'all':<24}{total / messages * 1e6:>9.0f} µs CPU a message")


def agree(what: str, taken: list[str], kept: list[str], people: int) -> bool:
    """Whether the providers took what is kept, each once, and one for each person."""
    is_equal = sorted(taken) == sorted(kept) and len(set(taken)) == len(taken) == people
    print(f"{what}: {len(taken):,} taken by the providers, {len(kept):,} in the ledgers, {people:,} people")
    print(f"equal to the simulators message by message: {is_equal}")
    return is_equal


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaign", choices=["push", "rcs"])
    parser.add_argument("--recipients", type=int, default=None)
    options = parser.parse_args()
    many = options.recipients or {"push": 100_000, "rcs": 50_000}[options.campaign]
    run = {"push": of_push, "rcs": of_rcs}[options.campaign]
    sys.exit(0 if run(World(running()), many) else 1)
