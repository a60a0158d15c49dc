"""`make chaos`: a system under load while it is killed, frozen, cut off and blocked; then its books are compared.

python -m chaos [--minutes 8] [--seed 7] [--people 3000]

Ends with 0 where nothing was lost, nobody was reached twice outside the stated window and all books agree; with 1
and what differs otherwise. The same seed makes the same faults.
"""

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import books as bookkeeping
import channels
import load
from api import Refused
from faults import Faults
from journey import Journey
from load import Accepted
from whole_system import ALL_AT_HOME, running_system

# Two faults never begin within less than that: a system that is hit without a pause does no work that could be lost.
PAUSE_SECONDS = (2.0, 8.0)
SETUP_TRIES = 5
SETTINGS = {
    "GATEWAY_ADDRESS_RATE": "1000000",
    "WEBHOOK_NETWORKS": "127.0.0.0/8",
}
# Answers take a moment, so that there is always something under way.
SLOW_CARRIER = {"response_delay": 0.2, "receipt_delay": 2.0, "rate": 150}
SLOW_MAILBOXES = {"delay_ms": 20, **ALL_AT_HOME}


def main() -> int:
    options = _options()
    say(f"seed {options.seed}: {options.minutes:g} minutes of faults, campaigns to {options.people} people")
    folder = Path(tempfile.mkdtemp(prefix="wici-chaos-"))
    try:
        with running_system("chaos", SETTINGS) as system:
            return _storm(system, options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=6.0, help="of faults; settling and counting come on top")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--people", type=int, default=2000, help="in the list that each campaign goes to")
    return parser.parse_args()


def _new_account(system) -> Journey:
    """On a machine that is busy a log-in may be answered too late, and its password is no more: then another one."""
    for tries_left in reversed(range(SETUP_TRIES)):
        journey = Journey(system.running())
        try:
            journey.prepare()
            break
        except (Refused, OSError):
            if not tries_left:
                raise
    return journey


def prepared(system, folder: Path, people: int) -> tuple[Journey, Accepted]:
    """An account whose channels are all set up, a list of so many people, and providers that take a moment."""
    journey = _new_account(system)
    journey.api = load.Patient(journey.public.base_url, journey.api.token)
    load.people(listed := folder / "klienci.csv", people)
    group_id = journey.import_contacts(listed, group="Klienci", consent=["sms", "email"])["group_ids"][0]
    journey.simulators.smsc.post("/settings", SLOW_CARRIER)
    journey.simulators.mailbox.post("/settings", SLOW_MAILBOXES)
    tested = channels.every_channel(journey, group_id, people)
    journey.api = journey.public.with_token(journey.api.token or "")
    return journey, Accepted({channel.name: channel for channel in tested})


@contextmanager
def webhook(journey: Journey, accepted: Accepted) -> Iterator[None]:
    """A customer's endpoint that is told of every delivery."""
    with load.endpoint(accepted) as url:
        asked = {"url": url, "events": ["message.delivered"], "max_events": 100}
        made = journey.api.post("/v1/webhooks", asked)
        yield
        journey.api.delete(f"/v1/webhooks/{made['id']}")


def victims(system) -> list[str]:
    """Processes that may be killed: simulators are the truth, and stay."""
    return sorted(name for name in system.pids() if not name.startswith(("simulator", "PostgreSQL", "RabbitMQ")))


def _storm(system, options, folder) -> int:
    journey, accepted = prepared(system, folder, options.people)
    chance = random.Random(options.seed)
    faults = Faults(system, victims(system), chance)
    with webhook(journey, accepted):
        with load.under_load(journey, accepted, folder) as broken:
            ends = time.monotonic() + options.minutes * 60
            while time.monotonic() < ends:
                time.sleep(chance.uniform(*PAUSE_SECONDS))
                faults.one()
                say(faults.log[-1])
        faults.recover()
        say("settling …")
        found = settled(journey, accepted, system, broken)
    say("\nfaults         " + ", ".join(f"{times} {kind}" for kind, times in sorted(faults.done.items())))
    return tell(found, accepted)


def settled(journey, accepted, system, broken: list[str], *, has_webhook: bool = True) -> bookkeeping.Books:
    """The books, once nothing moves any more."""
    load.Client(journey, accepted, threading.Event()).until_answered(lambda api: api.get("/v1/me"))  # logs in again
    stuck = bookkeeping.wait_settled(journey, accepted, system, has_webhook=has_webhook)
    found = bookkeeping.compare(journey, accepted, system)
    found.expect("not at rest", stuck)
    found.expect("loads that ended early", broken)
    return found


def tell(found: bookkeeping.Books, accepted: Accepted) -> int:
    """Say what the comparison found; the exit code."""
    say("refused, asked again: " + (", ".join(f"{n} × {code}" for code, n in accepted.answers.most_common()) or "none"))
    for name, figure in found.figures.items():
        say(f"{name:<22} {figure:>8,}")
    for fault in found.faults:
        say(f"DIFFERS  {fault}")
    say("the books agree" if not found.faults else f"{len(found.faults)} differences")
    return 1 if found.faults else 0


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
