"""E-mail beside its peers and its limits, in one run on one machine: mails of 10 KB signed with RSA-2048.

    make up && .venv/bin/python bench/email_peers.py [--messages 10000] [--only wici,postfix,haraka,limits]

Needs Debian's `postfix` and `opendkim`; npm gets Haraka, unless `HARAKA` names a folder that has it. What is not there, or does not sign
as it should, is said loudly, and is no part of the table. Everybody's mail goes to Postfix's `smtp-sink`:

- Wici: a campaign on the running system, from its schedule to the last counted delivery: personalised, with links of each
  recipient's own, in the log and the report. CPU is that of every process, PostgreSQL and RabbitMQ included.
- Postfix with opendkim, and Haraka: each takes mails of the same size from `smtp-source`, all alike, into its queue, signs and relays.
- The limits: `smtp-source` to `smtp-sink` is the wire's, `openssl speed` the signature's, one core each.

CPU seconds are believed on a busy machine, mails a second are not.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from campaign import EMAIL_BYTES, Meter, html, prepared, roots
from email_outbound import composing, rsa_limit
from environment import running
from figures import Figure, tell
from journey import final_count
from mail_servers import Cost, Sink, Started, cost, ensure_signs, hand_in, haraka, haraka_installed, lacking, postfix
from sms_peers import NotToBeHad

WARM_UP = 200


def openssl_limit() -> float:
    """RSA-2048 signatures a second of one core."""
    told = subprocess.run(["openssl", "speed", "-seconds", "2", "rsa2048"], capture_output=True, text=True, check=True)
    found = re.search(r"rsa 2048 bits\s+\S+\s+\S+\s+([\d.]+)", told.stdout)
    assert found is not None, told.stdout
    return float(found[1])


def limits(sink: Sink, messages: int) -> None:
    signing, ours = openssl_limit(), rsa_limit()
    micros, octets = composing(EMAIL_BYTES / 1000)
    print(f"the signature's limit: openssl {signing:,.0f}/s, cryptography {ours:,.0f}/s a core", flush=True)
    print(f"composed and signed alone: {micros:.0f} µs of CPU a mail of {octets:,} octets")
    before, started = sink.messages, time.monotonic()
    hand_in(sink.port, messages, EMAIL_BYTES)
    sink.wait_for(before + messages)
    print(f"the wire's limit: smtp-source to smtp-sink {messages / (time.monotonic() - started):,.0f}/s", flush=True)


def wici(sink: Sink, messages: int) -> Cost:
    """A campaign of the running system whose mail goes to the sink."""
    environ = running()
    journey, group_id, _ = prepared({**environ, "WICI_MAILBOX_PORT": str(sink.port)}, messages)
    campaign_id = journey.email_campaign(group_id, html=html())
    before = sink.messages
    try:
        with Meter(roots(environ)) as meter:
            started = time.monotonic()
            journey.schedule(campaign_id)
            journey.wait_sent(campaign_id, seconds=1800)
            report = journey.wait_settled(campaign_id, seconds=1800)
            seconds = time.monotonic() - started
    finally:
        journey.environ = environ
        journey.connect_simulators()
    assert final_count(report) == messages and report["counts"]["delivered"] == messages, report["counts"]
    assert sink.messages - before == messages, "the sink has another number"
    largest = sorted(meter.usages.items(), key=lambda pair: -pair[1].cpu)[:8]
    for name, usage in largest:
        print(f"  {name:<26}{usage.cpu / messages * 1e6:>8.0f} µs a mail{usage.peak / 1e6:>8.0f} MB")
    used = [usage for name, usage in meter.usages.items() if not name.startswith("simulator.")]
    return Cost(messages, seconds, sum(each.cpu for each in used), sum(each.peak for each in used) / 1e6)


def of_peer(started: Started, messages: int, folder: Path, sink: Sink, *given: Path) -> Cost:
    """:raises NotToBeHad: it does not sign."""
    ensure_signs(started, folder / f"{started.__name__}-signs", *given)
    with started(folder, sink, *given) as (pids, port):
        before = sink.messages
        hand_in(port, WARM_UP, EMAIL_BYTES)
        sink.wait_for(before + WARM_UP)
        return cost(pids, sink, port, messages, EMAIL_BYTES)


def of_postfix(messages: int, folder: Path, sink: Sink) -> Cost:
    if missing := lacking("postfix", "opendkim"):
        raise NotToBeHad(f"{' and '.join(missing)} not installed")
    return of_peer(postfix, messages, folder, sink)


def show(costs: dict[str, Cost]) -> None:
    ours = costs.get("Wici")
    print(f"{'':<22}{'mails/s':>9}{'CPU s/1000':>12}{'MB':>7}{'CPU beside ours':>17}")
    for name, each in costs.items():
        beside = f"{each.cpu_of_thousand / ours.cpu_of_thousand:.2f}" if ours else "-"
        print(f"{name:<22}{each.rate:>9,.0f}{each.cpu_of_thousand:>12.2f}{each.megabytes:>7.0f}{beside:>17}")

    for name in costs.keys() - {"Wici"} if ours else ():
        peer = (name, costs[name].cpu_of_thousand * 1e3)
        what = f"mail handed on and signed, CPU, {name}"
        tell(Figure(what, "µs", ours.cpu_of_thousand * 1e3, peer, megabytes=ours.megabytes))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--only", default="limits,postfix,haraka,wici")
    options = parser.parse_args()
    if missing := lacking("smtp-sink", "smtp-source"):
        sys.exit(f"{' and '.join(missing)} are not installed: apt-get install postfix")
    only, costs, absent = options.only.split(","), dict[str, Cost](), []
    asked: dict[str, Callable[[], Cost]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mail-peers-")))
        # Postfix's processes are other users, whatever umask we were started with.
        os.umask(0o022)
        folder.chmod(0o755)
        sink = Sink(folder)
        stack.callback(sink.process.wait)
        stack.callback(sink.process.terminate)
        if "limits" in only:
            limits(sink, options.messages)
        if "postfix" in only:
            asked["Postfix with opendkim"] = lambda: of_postfix(options.messages, folder, sink)
        if "haraka" in only:
            asked["Haraka"] = lambda: of_peer(haraka, options.messages, folder, sink, haraka_installed())
        for name, measure in asked.items():
            try:
                costs[name] = measure()
            except NotToBeHad as reason:
                absent.append(f"{name} ({reason})")
        if "wici" in only:
            costs = {"Wici": wici(sink, options.messages), **costs}
    show(costs)
    for name in absent:
        print(f"NOT COMPARED WITH: {name}")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(main())
