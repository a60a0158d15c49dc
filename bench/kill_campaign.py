"""A campaign with an A/B test, killed at random: does each recipient get it once, and one variant of it?

    python bench/kill_campaign.py [--people 100000] [--kills 100] [--rate 120] [--seed N]

Starts a whole system of its own in `.run/kill`, with the simulated carrier. While one SMS campaign to so many people runs (a fifth
of them its test of two variants, the winner to the rest by itself), one of the processes that it passes through is killed
(SIGKILL) every few seconds, and started again by the process manager: the dispatcher, contacts and its jobs, campaigns, the
channel and its outbound. The carrier takes `--rate` messages a second, so that the campaign lasts
for as many kills; more than it lasts for are not made. Then all may work to its end. It must hold:

- the carrier has taken no number twice; each of the audience was taken by it, or is `unknown` (claimed by an outbound that was
  killed before it was answered: such an SMS is not sent again), or has failed;
- each got one variant: in the test as many the one as the other, in the rest the winner, and by its number which it is;
- ledger, message log and the campaign's progress say the same, adding up to the audience; counters are sums over the log; the
  quota used is what was handed over, and nothing is reserved any more.

Ends with 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "deploy/local"), str(ROOT / "tests"), str(ROOT / "tests/chaos")]

import books as bookkeeping
import channels
import load
import psycopg
from faults import Faults
from journey import SENDER_ID, Journey
from whole_system import System, running_system

VICTIMS = ["campaigns", "campaigns.dispatcher", "contacts", "contacts.jobs", "sms_gateway", "sms_gateway.outbound"]
PAUSE_SECONDS = (0.5, 4.0)
SHARE_PERCENT = 20
VARIANTS = ("Pierwszy", "Drugi")
FINAL = ("sent", "failed", "cancelled", "paused")
PATIENCE = 3600.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rate", type=int, default=120, help="messages a second that the carrier takes")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    options = parser.parse_args()
    say(f"seed {options.seed}: a campaign to {options.people:,} people, at most {options.kills} kills")
    folder = Path(tempfile.mkdtemp(prefix="wici-kill-"))
    try:
        with running_system("kill", {"GATEWAY_ADDRESS_RATE": "1000000"}) as system:
            return _run(system, options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(system: System, options: argparse.Namespace, folder: Path) -> int:
    journey = Journey(system.running())
    journey.prepare()
    listed = folder / "people.csv"
    load.people(listed, options.people)
    imported = journey.import_contacts(listed, group="People", consent=["sms"], seconds=PATIENCE)
    journey.simulators.smsc.post("/settings", {"rate": options.rate, "response_delay": 0.1})
    campaign_id = _draft(journey, imported["group_ids"][0])
    journey.schedule(campaign_id)
    # The least that a person may ask for is half an hour; the choice of the winner is under fire too.
    _execute(system, "campaigns", "UPDATE campaigns SET ab_test = jsonb_set(ab_test, '{wait_minutes}', '0')")
    began = time.monotonic()
    faults = Faults(system, VICTIMS, random.Random(options.seed))
    state = _kill_until_sent(journey, campaign_id, faults, options.kills)
    say(f"{sum(faults.done.values())} kills in {time.monotonic() - began:.0f} s, then the campaign is {state}")
    faults.recover()
    state = _wait_final(journey, campaign_id)
    accepted = _accepted(journey, options.people, campaign_id)
    stuck = bookkeeping.wait_settled(journey, accepted, system, has_webhook=False)
    say(f"at rest after {time.monotonic() - began:.0f} s")
    found = _compare(journey, system, campaign_id, options.people)
    found.expect("not at rest", stuck)
    if state != "sent":
        found.faults.append(f"the campaign is {state}: {journey.campaign(campaign_id)['failure']}")
    return _tell(found, faults)


def _draft(journey: Journey, group_id: str) -> str:
    variants = [{"name": name, "content": {"text": name}} for name in VARIANTS]
    test = {"variants": variants, "share_percent": SHARE_PERCENT, "metric": "delivered", "wait_minutes": 30}
    draft = {
        "name": "Kill", "channel": "sms", "sender": SENDER_ID, "audience": {"groups": [group_id]},
        "content": {"text": VARIANTS[0]}, "ab_test": test,
    }  # fmt: skip
    return str(journey.api.post("/v1/campaigns", draft)["id"])


def _kill_until_sent(journey: Journey, campaign_id: str, faults: Faults, kills: int) -> str:
    for _ in range(kills):
        time.sleep(faults.chance.uniform(*PAUSE_SECONDS))
        state = bookkeeping._state(journey, campaign_id)
        if state in FINAL:
            return state
        faults.do(faults.kill)
    return "under way"


def _wait_final(journey: Journey, campaign_id: str) -> str:
    until = time.monotonic() + PATIENCE
    while (state := bookkeeping._state(journey, campaign_id)) not in FINAL and time.monotonic() < until:
        time.sleep(2)
    return state


def _accepted(journey: Journey, people: int, campaign_id: str) -> load.Accepted:
    sms = channels.Tested(**channels.sms(journey), group_id="", people=people)
    return load.Accepted({"sms": sms}, campaigns={campaign_id: ("sms", "")})


def _compare(journey: Journey, system: System, campaign_id: str, people: int) -> bookkeeping.Books:
    books = bookkeeping.Books()
    log = bookkeeping._log(system, journey.account_id)
    taken: dict[str, list[str]] = {}
    for part in journey.received_sms():
        taken.setdefault(part["to"], []).append(part["text"])
    states = Counter(row[3] for row in log.values())
    books.figures |= {"messages": len(log), "received": sum(map(len, taken.values())), **states}
    books.expect("received twice", [(to, texts) for to, texts in taken.items() if len(texts) > 1])
    if len(log) != people or len({row[2] for row in log.values()}) != people:
        books.faults.append(f"{len(log)} messages of {len({row[2] for row in log.values()})} for {people} people")
    books.expect("received and in no log", taken.keys() - {row[2] for row in log.values()})
    missing = [row for row in log.values() if row[2] not in taken and row[3] in ("delivered", "submitted")]
    books.expect("said to have arrived, and not received", missing)
    lost = [row for row in log.values() if row[2] not in taken and row[3] in ("accepted", "deferred")]
    books.expect("lost", lost)
    _compare_variants(books, system, campaign_id, taken)
    progress = journey.campaign(campaign_id)["progress"]
    told = {name: progress[name] for name in ("submitted", "failed", "deferred", "to_come")}
    books.figures |= {f"progress: {name}": figure for name, figure in told.items()}
    if sum(told.values()) + sum(progress["left_out"].values()) != people or told["deferred"] or told["to_come"]:
        books.faults.append(f"progress does not add up: {progress}")
    accepted = _accepted(journey, people, campaign_id)
    bookkeeping._compare_ledgers(books, accepted, system, journey.account_id, log)
    bookkeeping._compare_receipts(books, journey, log)
    bookkeeping._compare_quota(books, journey, accepted)
    bookkeeping._compare_counters(books, system)
    books.expect("messages left in dead letters", bookkeeping.queues(system, dead=True).items())
    books.expect("processes not ready", bookkeeping._not_ready(system))
    return books


def _compare_variants(books: bookkeeping.Books, system: System, campaign_id: str, taken: dict[str, list[str]]) -> None:
    """By its number each has one variant (`campaigns.domain.variants`), and that is what arrived."""
    from campaigns.domain.variants import Split
    from contracts.ids import message_ids

    query = "SELECT send_id, variant_size, winner, recipients FROM campaigns WHERE id = %s"
    ((send_id, size, winner, recipients),) = bookkeeping._rows(system, "campaigns", query, campaign_id)
    split, id_of = Split(len(VARIANTS), size), message_ids(send_id)
    address_of = dict(
        bookkeeping._rows(
            system, "sms_gateway", "SELECT message_id::text, address FROM ledger WHERE campaign_id = %s", campaign_id
        )
    )
    wrong, counts = list[Any](), Counter[str]()
    for number in range(1, recipients + 1):
        texts = taken.get(address_of.get(str(id_of(number)), ""))
        if texts is None:
            continue
        variant = split.variant_of(number)
        expected = VARIANTS[winner if variant is None else variant]
        counts[f"{'test' if variant is not None else 'rest'}: {texts[0]}"] += 1
        if any(got != expected for got in texts):
            wrong.append((number, texts, expected))
    books.figures |= dict(sorted(counts.items()))
    books.expect("another variant than the number says", wrong)


def _execute(system: System, service: str, statement: str) -> None:
    url = system.running()["WICI_ADMIN_DATABASE_URL"].rsplit("/", 1)[0]
    with psycopg.connect(f"{url}/wici_{service}") as connection:
        connection.execute(statement)


def _tell(found: bookkeeping.Books, faults: Faults) -> int:
    killed = Counter(line.rsplit(" ", 1)[1] for line in faults.log)
    say("killed         " + ", ".join(f"{times} {name}" for name, times in sorted(killed.items())))
    for name, figure in found.figures.items():
        say(f"{name:<24} {figure:>9,}")
    for fault in found.faults:
        say(f"DIFFERS  {fault}")
    say("each once, one variant each, and the books agree" if not found.faults else f"{len(found.faults)} differences")
    return 1 if found.faults else 0


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
