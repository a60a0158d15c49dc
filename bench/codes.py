"""One-time codes beside a campaign: from `POST /v1/sms` until the carrier has them, on the running system.

    make up && .venv/bin/python bench/codes.py [--campaign 1000000] [--codes 600] [--rate 10]

Codes are sent at an even rate, first alone, then while a campaign fills the bulk lane of the same carrier. What is printed:
p50, p99 and the longest time of each, from before the request until the simulated carrier read the submit_sm (its own
clock, on this machine), and how many of the campaign had left when the codes began and ended. Goal: p99 below a second.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from campaign import TEXT, prepared

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "deploy/local"))

from api import Refused, poll
from environment import running
from figures import Figure, tell
from journey import SENDER_ID, Journey

FIRST = 700_000  # of the numbers' digits: each code goes to a range of its own, as codes of many people do
TIMED = 487  # ten thousand of them, as many as there may be codes
GOAL = 1.0  # seconds
PATIENCE = 120.0


class Codes:
    """:ivar asked: when each was asked for, by number. :ivar answers: seconds that the API took for each.
    :ivar refused: how often it said no, by its status.
    """

    def __init__(self, journey: Journey, first: int) -> None:
        self._journey, self._next = journey, first
        self.asked: dict[str, float] = {}
        self.answers: list[float] = []
        self.refused: dict[int, int] = {}
        self._lock = threading.Lock()

    def send(self, count: int, rate: float) -> None:
        """So many, each when it is due, whatever became of those before."""
        with ThreadPoolExecutor(64) as threads:
            began = time.monotonic()
            for number in range(count):
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
                threads.submit(self._send, f"48{self._next + number}{random.randrange(1_000):03d}")
        self._next += count

    def _send(self, number: str) -> None:
        text = f"Twoj kod: {random.randrange(1_000_000):06d}"  # each says something else, as codes do
        body = {"from": SENDER_ID, "to": [f"+{number}"], "text": text, "lane": "otp"}
        self.asked[number] = time.time()
        try:
            self._journey.api.post("/v1/sms", body)
            self.answers.append(time.time() - self.asked[number])
        except Refused as refused:
            with self._lock:
                del self.asked[number]
                self.refused[refused.status] = self.refused.get(refused.status, 0) + 1

    def taken(self) -> list[float]:
        """Seconds that each took, shortest first, once all have come."""
        arrivals = poll(
            lambda: self._journey.simulators.smsc.get("/arrivals"), lambda found: self.asked.keys() <= found.keys(),
            seconds=PATIENCE,
        )  # fmt: skip
        return sorted(arrivals[number] - asked for number, asked in self.asked.items())


def show(what: str, codes: Codes) -> float:
    """The p99 in seconds."""
    taken = codes.taken()
    cuts = statistics.quantiles(taken, n=100)
    refused = f"; refused {codes.refused}" if codes.refused else ""
    print(
        f"{what:<28} {len(taken):>5} codes   p50 {cuts[49] * 1000:6.0f} ms   p99 {cuts[98] * 1000:6.0f} ms"
        f"   longest {taken[-1] * 1000:6.0f} ms{refused}; of it the answer of the API p50"
        f" {statistics.median(codes.answers) * 1000:.0f} ms",
        flush=True,
    )
    return cuts[98]


def beside(journey: Journey, group_id: str, codes: Codes, count: int, rate: float) -> None:
    """The codes, and what of the campaign was in front of them."""
    campaign_id = journey.sms_campaign(group_id, text=TEXT)
    already = journey.simulators.smsc.get("/counts")["submitted"]
    journey.schedule(campaign_id)

    def left() -> int:
        return int(journey.simulators.smsc.get("/counts")["submitted"]) - already

    poll(left, lambda found: found > 0, seconds=PATIENCE)
    before = left(), journey.campaign(campaign_id)["progress"]
    codes.send(count, rate)
    after = left(), journey.campaign(campaign_id)["progress"]
    for when, (parts, progress) in (("codes begin", before), ("codes end", after)):
        print(f"  {when}: {parts:,} parts at the carrier, {said(progress)}", flush=True)
    try:
        journey.api.post(f"/v1/campaigns/{campaign_id}/cancel")
    except Refused as refused:
        if refused.status != 409:
            raise
        print("  the campaign was over before the codes were: give it more people", flush=True)


def said(progress: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in progress.items() if isinstance(value, int) and value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--campaign", type=int, default=1_000_000)
    parser.add_argument("--codes", type=int, default=600)
    parser.add_argument("--rate", type=float, default=10.0, help="codes a second")
    given = parser.parse_args()
    journey, group_id, seconds = prepared(running(), given.campaign)
    print(f"{given.campaign:,} people imported in {seconds:.0f} s", flush=True)
    journey.log_in()
    journey.simulators.smsc.post("/settings", {"timed": TIMED})
    alone, crowded = Codes(journey, FIRST), Codes(journey, FIRST + given.codes)
    alone.send(given.codes, given.rate)
    at_rest = show("alone", alone)
    beside(journey, group_id, crowded, given.codes, given.rate)
    found = show("beside the campaign", crowded)
    print(
        f"goal p99 {GOAL:.0f} s: {'met' if found < GOAL else 'missed'}; {found / at_rest:.1f} times what it takes alone"
    )
    tell(Figure("a code beside a campaign, p99", "ms", found * 1000, limit=("alone", at_rest * 1000)))


if __name__ == "__main__":
    main()
