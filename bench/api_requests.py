"""Requests a second of the running system, whole: gateway, services, databases, broker and the simulated carrier.

    make up && .venv/bin/python bench/api_requests.py [--seconds 10] [--connections 64] [--only sms]

Prints the rate and the latencies of `/healthz` (what gunicorn and Flask give without any work of ours), a GET that the
gateway answers by itself, GETs that ask one service, `POST /v1/sms` with an API key, the same with an `Idempotency-Key` and
with 1,000 recipients, and `POST /v1/emails`, each with the CPU that every
process spent on a request and the ratio to its goal. Several accounts ask by turn, for one of them may have so many requests
under way at a worker (`GATEWAY_ACCOUNT_REQUESTS`) and no more; what is refused is counted by itself. The load comes from
the same cores.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path[:0] = [str(Path(__file__).parents[1] / "deploy/local"), str(Path(__file__).parent)]

from campaign import Meter, roots
from environment import running
from figures import Figure, tell
from journey import DOMAIN, Journey

from gateway import KEY, Outcome, load

ACCOUNTS = 4
IDLE_CORES, REST_SECONDS = 0.5, 60.0
GET_GOAL, POST_GOAL, BATCH_GOAL, P99_GOAL = 2_500, 1_500, 15, 100.0
SMS = {"from": "Wici", "to": ["+48600100200"], "text": "Twoj kod: 123456", "lane": "transactional"}
BATCH = SMS | {"to": [f"+48600{number:06}" for number in range(1000)]}
MAIL = {
    "from": {"email": f"sklep@{DOMAIN}"}, "to": [{"email": "anna@poczta.example"}], "subject": "Twoje zamowienie",
    "text": "Paczka wyszla.",
}  # fmt: skip
# name, path, body, goal
CASES = (
    ("health", "/healthz", "", 0),
    ("permissions", "/v1/permissions", "", GET_GOAL),
    ("me", "/v1/me", "", 0),
    ("groups", "/v1/groups", "", 0),
    ("sms", "/v1/sms", json.dumps(SMS), POST_GOAL),
    ("sms_keyed", "/v1/sms", json.dumps(SMS), POST_GOAL),
    ("sms_batch", "/v1/sms", json.dumps(BATCH), BATCH_GOAL),
    ("email", "/v1/emails", json.dumps(MAIL), POST_GOAL),
)


def prepared(environ: dict[str, str]) -> tuple[str, str]:
    """A new account's session and API key."""
    journey = Journey(environ)
    journey.prepare()
    key = journey.api.post("/v1/api-keys", {"name": "bench", "scopes": ["sms", "email", "contacts"]})["key"]
    return str(journey.api.token), str(key)


def show(name: str, outcome: Outcome, goal: int, meter: Meter, seconds: float) -> None:
    requests = max(1.0, outcome.rate * seconds)
    aim = f"  {outcome.rate / goal:.2f} of the goal" if goal else ""
    print(f"{name:12} {outcome}{aim}")
    spent = sorted(((usage.cpu / requests * 1e6, process) for process, usage in meter.usages.items()), reverse=True)
    cpu = {process: micro for micro, process in spent}
    tell(Figure(f"API: {name}", "/s", outcome.rate, limit=("goal", goal) if goal else None, cpu=cpu))
    print(
        "             µs CPU a request: "
        + ", ".join(f"{process} {micro:.0f}" for micro, process in spent if micro >= 5)
    )


def rest(environ: dict[str, str]) -> None:
    """Until what the last case left to be sent is sent, so that no case pays for another: a minute at most."""
    until = time.monotonic() + REST_SECONDS
    while time.monotonic() < until:
        with Meter(roots(environ)) as meter:
            time.sleep(2.0)
        if sum(usage.cpu for usage in meter.usages.values()) < 2.0 * IDLE_CORES:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--only", choices=[name for name, *_ in CASES])
    options = parser.parse_args()
    environ = running()
    accounts = [prepared(environ) for _ in range(ACCOUNTS)]
    port = urlsplit(environ["WICI_PUBLIC_URL"]).port or 80
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before, {options.connections} connections")
    for name, path, body, goal in CASES:
        if options.only not in (None, name):
            continue
        headers = [{"Authorization": f"Bearer {key if body else token}"} for token, key in accounts]
        if name == "sms_keyed":
            headers = [{**each, "Idempotency-Key": KEY} for each in headers]
        load(port, path, headers, 8, 1.0, body)
        with Meter(roots(environ)) as meter:
            outcome = load(port, path, headers, options.connections, options.seconds, body)
        show(name, outcome, goal, meter, options.seconds)
        rest(environ)


if __name__ == "__main__":
    main()
