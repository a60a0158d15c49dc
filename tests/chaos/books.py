"""The books after a storm: everybody who counts a message says the same of it, and what was received is the truth.

The channels' ledgers, the message log and its counters (reporting), quota (identity), the progress of campaigns, the
queues, and what the simulated providers took.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from api import Refused
from channels import Received
from journey import FINAL, Journey
from load import Accepted
from places import SERVICES
from whole_system import System

from chassis.testing import wait_until

# What a process had claimed and not settled when it died, or froze beyond its lease, is `unknown`; e-mail and push have
# no receipts by which it is known later (docs/decisions/0012).
ENDS = frozenset({*FINAL, "unknown"})
SETTLE_SECONDS = 300.0
LISTED = 5  # of what differs, so many are shown


@dataclass
class Books:
    """What the comparison found: `faults` is empty where nothing was lost and nobody says otherwise."""

    faults: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    def expect(self, what: str, differing: Iterable[Any]) -> None:
        found = list(differing)
        if found:
            self.faults.append(f"{what}: {len(found)}, such as {found[:LISTED]}")


def wait_settled(journey: Journey, accepted: Accepted, system: System, *, has_webhook: bool = True) -> list[str]:
    """Wait until nothing moves any more; what has not come to rest in time is said."""
    stuck: list[str] = []

    def within(seconds: float, what: str, is_so: Callable[[], bool]) -> None:
        try:
            wait_until(is_so, timeout=seconds, what=what)
        except BaseException as error:  # pytest's own failure is none of Exception
            if isinstance(error, KeyboardInterrupt):
                raise
            stuck.append(f"{what}: not within {seconds:.0f} s")

    within(
        SETTLE_SECONDS, "campaigns sent", lambda: all(_state(journey, each) == "sent" for each in accepted.campaigns)
    )
    within(SETTLE_SECONDS, "queues empty", lambda: not queues(system, dead=False))
    within(
        SETTLE_SECONDS, "nothing claimed, put off or waiting to leave", lambda: not _in_hand(system, journey.account_id)
    )
    within(180, "every message at its end", lambda: not _under_way(system, journey.account_id))
    # A lease for single messages is given back once nobody has used it for eight seconds.
    within(60, "no quota held back", lambda: not any(each["reserved"] for each in _usage(journey).values()))
    if has_webhook:
        within(120, "every delivery told to the webhook", lambda: _delivered(system, journey) <= accepted.told_of)
    return stuck


def compare(journey: Journey, accepted: Accepted, system: System) -> Books:
    """What differs. Dead letters of before are somebody else's."""
    books = Books()
    received = {name: channel.received() for name, channel in accepted.channels.items()}
    log = _log(system, journey.account_id)
    _compare_campaigns(books, journey, accepted, log, received)
    _compare_singles(books, accepted, log, received)
    _compare_ledgers(books, accepted, system, journey.account_id, log)
    _compare_receipts(books, journey, log)
    _compare_imports(books, journey, accepted)
    _compare_quota(books, journey, accepted)
    _compare_counters(books, system)
    dead = queues(system, dead=True).items() - accepted.dead_before.items()
    books.expect("messages left in dead letters", dead)
    books.expect("processes not ready", _not_ready(system))
    books.figures["events told twice"] = sum(times - 1 for times in accepted.told.values())
    return books


Row = tuple[str, str, str, str]  # campaign id or empty, channel, address, state
Log = dict[str, Row]


def _compare_campaigns(
    books: Books, journey: Journey, accepted: Accepted, log: Log, received: Mapping[str, Received]
) -> None:
    of_campaign: dict[str, list[Row]] = {campaign_id: [] for campaign_id in accepted.campaigns}
    for row in log.values():
        if row[0] in of_campaign:
            of_campaign[row[0]].append(row)
    states: Counter[str] = Counter()
    lost, doubles, beyond, untrue = list[str](), list[Any](), list[str](), list[Any]()
    for campaign_id, (channel, mark) in accepted.campaigns.items():
        rows, people = of_campaign[campaign_id], accepted.channels[channel].people
        taken = {address: times for (address, text), times in received[channel].items() if text == mark}
        states.update(row[3] for row in rows)
        doubles += [(mark, address, times) for address, times in taken.items() if times > 1]
        if len(rows) != people or len({row[2] for row in rows}) != people:
            lost.append(f"{mark}: {len(rows)} messages for {people} people")
        beyond += [f"{mark} {address}" for address in taken.keys() - {row[2] for row in rows}]
        untrue += [
            (mark, row[2], row[3]) for row in rows if row[3] in ("delivered", "submitted") and row[2] not in taken
        ]
        progress = journey.campaign(campaign_id)["progress"]
        told = progress["submitted"] + progress["failed"] + progress["deferred"] + sum(
            (progress.get("left_out") or {}).values()
        )  # fmt: skip
        if told != people:
            lost.append(f"{mark}: progress {progress}")
    books.figures |= {
        "campaigns": len(accepted.campaigns),
        "campaign messages": sum(states.values()),
        "of them unknown": states["unknown"],
        "campaign doubles": len(doubles),
    }
    books.expect("campaigns that do not add up", lost)
    books.expect("campaign messages received twice", doubles)
    books.expect("received and in no log", beyond)
    books.expect("said to be delivered and not received", untrue)


def _compare_singles(books: Books, accepted: Accepted, log: Log, received: Mapping[str, Received]) -> None:
    absent, lost, doubles = list[str](), list[Any](), list[Any]()
    for message_id, (channel, address, mark) in accepted.singles.items():
        times, row = received[channel][address, mark], log.get(message_id)
        if row is None:
            absent.append(mark)
        if not times and (row is None or row[3] not in ENDS - {"delivered", "unknown"}):
            lost.append((mark, row and row[3]))
        if times > 1:
            doubles.append((mark, times))
    marks = Counter(mark for _, _, mark in accepted.singles.values())
    books.figures |= {"single messages": len(accepted.singles), "single doubles": len(doubles)}
    books.expect("accepted single messages in no log", absent)
    books.expect("accepted single messages that nobody received", lost)
    books.expect("one key, two messages", [mark for mark, times in marks.items() if times > 1])


def _compare_ledgers(books: Books, accepted: Accepted, system: System, account_id: str, log: Log) -> None:
    for channel, tested in accepted.channels.items():
        query = "SELECT message_id::text, state FROM ledger WHERE account_id = %s"
        ledger = dict(_rows(system, tested.service, query, account_id))
        logged = {message_id: row[3] for message_id, row in log.items() if row[1] == channel}
        differing = [
            (key, ledger.get(key), logged.get(key))
            for key in ledger.keys() | logged.keys()
            if ledger.get(key) != logged.get(key)
        ]
        books.expect(f"{channel}: ledger and log differ", differing)


def _compare_receipts(books: Books, journey: Journey, log: Log) -> None:
    """What the carrier has told us of, and got our yes to, is not `submitted` any more."""
    told = {(part["to"]) for part in journey.received_sms() if part["receipt_taken"]}
    books.expect(
        "submitted though its receipt came",
        [row for row in log.values() if row[1] == "sms" and row[3] == "submitted" and row[2] in told],
    )


def _compare_imports(books: Books, journey: Journey, accepted: Accepted) -> None:
    wrong = []
    for import_id, rows in accepted.imports.items():
        job = journey.api.get(f"/v1/imports/{import_id}")
        group = next(iter(job["group_ids"]), None)
        count = journey.api.get(f"/v1/groups/{group}")["contacts"] if group else None
        if job["state"] != "done" or count != rows:
            wrong.append((import_id, job["state"], job.get("error"), f"{count} of {rows}"))
    books.figures["imports"] = len(accepted.imports)
    books.expect("imports that are not whole", wrong)


def _compare_quota(books: Books, journey: Journey, accepted: Accepted) -> None:
    features = _usage(journey)
    for channel in accepted.channels:
        handed_over = sum(
            journey.campaign(campaign_id)["progress"]["submitted"]
            for campaign_id, (of, _) in accepted.campaigns.items()
            if of == channel
        )
        single = sum(1 for of, _, _ in accepted.singles.values() if of == channel)
        used, reserved = features[channel]["used"], features[channel]["reserved"]
        if (used, reserved) != (handed_over + single, 0):
            books.faults.append(
                f"quota of {channel}: {used} used and {reserved} reserved, {handed_over} + {single} handed over"
            )


def _usage(journey: Journey) -> dict[str, dict[str, Any]]:
    return {each["feature"]: each for each in journey.api.get("/v1/account/usage")["features"]}


def _compare_counters(books: Books, system: System) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "reporting.commands.check"],
        env=system.running(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode:
        books.faults.append(f"counters: {ran.stdout[:1000]}{ran.stderr[:1000]}")


# --- asking


def _state(journey: Journey, campaign_id: str) -> str:
    try:
        return str(journey.campaign(campaign_id)["state"])
    except Refused as refused:
        if refused.status == 401:  # a long run outlives its token
            with suppress(Refused, OSError):
                journey.log_in()
        return "?"
    except OSError:
        return "?"


def _rows(system: System, service: str, query: str, *values: Any) -> list[Any]:
    url = system.running()["WICI_ADMIN_DATABASE_URL"].rsplit("/", 1)[0]
    with psycopg.connect(f"{url}/wici_{service}") as connection:
        return connection.execute(query, values).fetchall()


def _log(system: System, account_id: str) -> Log:
    from reporting.domain.states import STATE_OF_CODE

    query = (
        "SELECT message_id::text, coalesce(campaign_id::text, ''), channel, address, state FROM messages"
        " WHERE account_id = %s"
    )
    return {row[0]: (*row[1:4], str(STATE_OF_CODE[row[4]])) for row in _rows(system, "reporting", query, account_id)}


def _delivered(system: System, journey: Journey) -> set[str]:
    return {key for key, row in _log(system, journey.account_id).items() if row[3] == "delivered"}


def _under_way(system: System, account_id: str) -> int:
    """Messages of which reporting does not know the end."""
    query = "SELECT count(*) FROM messages WHERE state < 30 AND account_id = %s"
    return int(_rows(system, "reporting", query, account_id)[0][0])


def _in_hand(system: System, account_id: str) -> dict[str, int]:
    """What waits to leave, and what of the account is claimed or put off."""
    counted = {f"{service}.outbox": _rows(system, service, "SELECT count(*) FROM outbox") for service in SERVICES}
    for service in SERVICES:
        if service.endswith("_gateway"):
            for table in ("claims", "lane_outbox"):
                counted[f"{service}.{table}"] = _rows(system, service, f"SELECT count(*) FROM {table}")
            query = "SELECT count(*) FROM retries WHERE account_id = %s"
            counted[f"{service}.retries"] = _rows(system, service, query, account_id)
    return {name: int(rows[0][0]) for name, rows in counted.items() if rows[0][0]}


def queues(system: System, *, dead: bool) -> dict[str, int]:
    command = [system.running()["WICI_TEST_RABBITMQCTL"], "--silent", "list_queues", "name", "messages"]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    counts = (line.rsplit("\t", 1) for line in listed.splitlines() if "\t" in line)
    return {name: int(count) for name, count in counts if name.startswith("dead.") == dead and count not in ("", "0")}


def _not_ready(system: System) -> list[str]:
    until = time.monotonic() + 30
    while True:
        lines = system.command("status", may_fail=True).splitlines()
        failing = [line for line in lines if " running " in line and " ready " not in line and "." in line.split()[0]]
        if not failing or time.monotonic() > until:
            return failing
