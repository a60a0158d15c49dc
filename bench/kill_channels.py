"""Campaigns over five channels, killed at random: is anybody reached by two steps, is anybody forgotten?

    python bench/kill_channels.py [--people 400] [--kills 100] [--seed N] [--here]

Starts a whole system of its own in `.run/kill-channels`, with the simulated providers; `--here`: takes the one that
`make up` has started, which stays up. Campaigns go out one after another
to so many people, each by push, RCS, WhatsApp, Viber and SMS in turn, while one of the processes that they pass through
is killed (SIGKILL) every few seconds: the fall-back's owner, the dispatcher, and both processes of every channel. Phones have no
RCS, are off (their RCS is given up after a minute and taken back), devices are unregistered, numbers are not on WhatsApp,
people have left Viber. Then all may work to its end. Of each campaign it must hold:

- nobody has received two messages, but where the channel of the earlier one says `unknown`: it was in the hands of a
  process that was killed (the window of decision 0150);
- whoever has received none has a message that is `unknown`, for the same reason, or failed by every step;
- nothing is on its way any more, and no message is left in dead letters.

Ends with 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "deploy/local"), str(ROOT / "tests"), str(ROOT / "tests/chaos")]

import books as bookkeeping
import cross_channel
from api import Api, Refused
from channel_campaigns import World, received, text_of
from environment import running
from faults import Faults
from journey import SENDER_ID
from whole_system import System, running_system

CHANNELS = ("push", "rcs", "whatsapp", "viber", "sms")
SERVICES = {"push": "push_gateway", "rcs": "rcs_gateway", "whatsapp": "ott_gateway", "viber": "viber_gateway"}
VICTIMS = [
    "campaigns.chains", "campaigns.chains", "campaigns.dispatcher", "sms_gateway.outbound",
    *SERVICES.values(), *(f"{service}.outbound" for service in SERVICES.values()),
]  # fmt: skip
LEDGERS = {**SERVICES, "sms": "sms_gateway"}
PAUSE_SECONDS = (1.0, 5.0)
TOGETHER = 3  # campaigns under way at a time
LOOKED_EVERY = 5  # kills
PATIENCE = 1800.0

Received = dict[str, dict[int, list[str]]]
"""By the campaign's mark and the person's place: the channels of what arrived."""


class Fives(World):
    """People who can be reached by some of five channels each, told by their place."""

    def prepare(self, count: int) -> None:
        cross_channel.set_up_rcs(self.journey)
        cross_channel.set_up_whatsapp(self.journey)
        bot = cross_channel.set_up_viber(self.journey)
        self.group_id = self.people(count)
        self.places = self.contacts()
        self.give_devices({key: place for key, place in self.places.items() if place % 3 == 0})
        subscribed = {key: place for key, place in self.places.items() if place % 4 == 1}
        with self.database("viber_gateway") as connection:
            for key, place in subscribed.items():
                connection.execute(
                    "INSERT INTO subscribers (sender_id, viber_id, account_id, contact_id, linked_at, is_subscribed,"
                    " changed_at) VALUES (%s, %s, %s, %s, now(), true, now())",
                    (bot.id, f"person-{place}", self.journey.account_id, key),
                )
        self.make_reachable("viber", subscribed)
        gone = range(0, count, 6)
        self.push.post("/settings", {"answers": {f"device-{place}": "UNREGISTERED" for place in gone}})
        self.rcs.post("/settings", {"without": ["1", "2", "3", "4"], "offline": ["5"]})
        absent = {self.phone(place): "131026" for place in range(0, count, 2)}
        left = {f"person-{place}": "6" for place in range(1, count, 8)}
        self.ott.post("/settings", {"answers": absent | left, "windows": False})

    def campaign(self, mark: str) -> str:
        """Draft and schedule one; each message of it says `mark`."""
        template = {"template": {"name": "parcel_here", "language": "pl", "body": [mark]}}
        contents: dict[str, Any] = {
            "push": {"title": "Hej", "body": mark}, "rcs": {"kind": "basic", "text": mark}, "whatsapp": template,
            "viber": {"text": mark}, "sms": {"text": mark},
        }  # fmt: skip
        steps = [
            {"channel": channel, "sender": SENDER_ID if channel == "sms" else "shop", "content": content}
            for channel, content in contents.items()
        ]
        steps[1]["go_on"] = {"not_delivered_minutes": 1}
        asked = {"name": mark, "steps": steps, "audience": {"groups": [self.group_id]}}
        made = str(self._answer(lambda api: api.post("/v1/campaigns", asked, key=mark))["id"])
        self._answer(lambda api: api.post(f"/v1/campaigns/{made}/schedule", {}, key=f"schedule-{mark}"))
        return made

    def _answer(self, ask: Callable[[Api], Any]) -> Any:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return ask(self.journey.api)
            except (Refused, OSError) as error:  # a channel that was killed a moment ago, or a session that is over
                status = error.status if isinstance(error, Refused) else 503
                if time.monotonic() > until or (status < 429 and status != 401):
                    raise
                self.log_in() if status == 401 else time.sleep(1)

    def log_in(self) -> None:
        journey = self.journey
        login = {"login": journey.login, "password": journey.password, "device": "kills"}
        journey.api = journey.public.with_token(journey.public.post("/v1/sessions", login)["access_token"])

    def received(self) -> Received:
        found: Received = defaultdict(lambda: defaultdict(list))
        for one in received(self.push):
            if "target" in one:
                found[one["message"]["notification"]["body"]][_number(one["target"])].append("push")
        for one in received(self.rcs):
            if one["state"] in ("delivered", "read"):
                found[text_of(one)][self._place(one["phone"])].append("rcs")
        for one in self.ott.get("/messages", limit=10**6)["items"]:
            mark = one["body"]["template"]["components"][0]["parameters"][0]["text"]
            found[mark][self._place(one["to"])].append("whatsapp")
        for one in self.ott.get("/viber/messages", limit=10**6)["items"]:
            found[one["body"]["text"]][_number(one["to"])].append("viber")
        for part in self.journey.received_sms():
            found[part["text"]][self._place(part["to"])].append("sms")
        return found

    def _place(self, phone: str) -> int:
        return int(phone.removeprefix("+48")) - self.stem

    def states(self, campaign_id: str) -> dict[int, dict[str, str]]:
        """What each channel says of its message, by the person's place."""
        found: dict[int, dict[str, str]] = defaultdict(dict)
        for step in self.report(campaign_id)["steps"]:
            channel = step["channel"]
            for address, state in self.ledger(LEDGERS[channel], step["campaign_id"]).values():
                by_contact = channel in ("push", "viber")
                found[self.places[address] if by_contact else self._place(address)][channel] = state
        return found

    def report(self, campaign_id: str) -> dict[str, Any]:
        return dict(self._answer(lambda api: api.get(f"/v1/campaigns/{campaign_id}/steps")))


def _number(target: str) -> int:
    return int(target.rpartition("-")[2])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--here", action="store_true")
    options = parser.parse_args()
    say(f"seed {options.seed}: {options.people} people, {options.kills} kills")
    own = running_system("kill-channels", {"GATEWAY_ADDRESS_RATE": "1000000"})
    with nullcontext(system_here()) if options.here else own as system:
        world = Fives(system.running())
        world.prepare(options.people)
        faults = Faults(system, VICTIMS, random.Random(options.seed))
        campaigns = kill_all_along(world, faults, options.kills)
        killed = Counter(line.rsplit(" ", 1)[1] for line in faults.log)
        say(f"{sum(faults.done.values())} kills while {len(campaigns)} campaigns were under way")
        say("killed         " + ", ".join(f"{times} {name}" for name, times in sorted(killed.items())))
        faults.recover()
        return judge(world, system, campaigns, options.people)


def system_here() -> System:
    """The one that `make up` has started."""
    return System(ROOT / ".run", {"WICI_PORT_OFFSET": running()["WICI_PORT_OFFSET"]})


def kill_all_along(world: Fives, faults: Faults, kills: int) -> dict[str, str]:
    """Campaigns by their marks: the next one when fewer than `TOGETHER` are under way."""
    campaigns: dict[str, str] = {}
    under_way: list[str] = []
    for kill in range(kills):
        if kill % LOOKED_EVERY == 0:
            under_way = [one for one in under_way if not is_over(world, one)]
        if len(under_way) < TOGETHER:
            mark = f"kampania{len(campaigns)}"
            campaigns[mark] = world.campaign(mark)
            under_way.append(campaigns[mark])
        time.sleep(faults.chance.uniform(*PAUSE_SECONDS))
        faults.do(faults.kill)
    return campaigns


def is_over(world: Fives, campaign_id: str) -> bool:
    """Whether nobody can come to a step any more but whose message is unknown."""
    report = world.report(campaign_id)
    people = sum(report["by_state"].values())
    if not people or any(step["due"] or (step["progress"] or {}).get("deferred") for step in report["steps"]):
        return False
    running = report["by_state"]["running"]
    return running == 0 or running <= sum("unknown" in states.values() for states in world.states(campaign_id).values())


def judge(world: Fives, system: System, campaigns: dict[str, str], people: int) -> int:
    books = bookkeeping.Books()
    until = time.monotonic() + PATIENCE
    while (left := [m for m, one in campaigns.items() if not is_over(world, one)]) and time.monotonic() < until:
        time.sleep(2)
    books.expect("campaigns that are not over", left)
    arrived = world.received()
    by, within, unknown = Counter[str](), 0, 0
    for mark, campaign_id in campaigns.items():
        states = world.states(campaign_id)
        for place in range(people):
            channels, told = arrived[mark][place], states[place]
            by.update(channels)
            in_doubt = "unknown" in told.values()
            if len(channels) > 1 and not _is_in_window(channels, told):
                books.faults.append(f"{mark}: {place} reached by {channels}, where {told}")
            within += len(channels) > 1
            if not channels and not in_doubt:
                books.faults.append(f"{mark}: {place} forgotten, where {told}")
            unknown += not channels and in_doubt
    books.figures |= {f"by {channel}": times for channel, times in sorted(by.items())}
    books.figures |= {"people and campaigns": people * len(campaigns), "twice, in the window": within}
    books.figures["unknown, and not received"] = unknown
    books.expect("messages left in dead letters", dead_letters(system).items())
    for name, figure in books.figures.items():
        say(f"{name:<28} {figure:>9,}")
    for fault in books.faults[:20]:
        say(f"DIFFERS  {fault}")
    say("nobody twice, nobody forgotten" if not books.faults else f"{len(books.faults)} differences")
    return 1 if books.faults else 0


def dead_letters(system: System) -> dict[str, int]:
    """As the broker tells once it has a moment for it."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return bookkeeping.queues(system, dead=True)
        except subprocess.SubprocessError:
            if time.monotonic() > until:
                raise
            time.sleep(5)


def _is_in_window(channels: list[str], told: dict[str, str]) -> bool:
    """Each channel once, and all but the last had lost sight of theirs."""
    in_order = sorted(channels, key=CHANNELS.index)
    return len(set(channels)) == len(channels) and all(told.get(one) == "unknown" for one in in_order[:-1])


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
