"""`make demo`: the main job on a real list, shown step by step; it can be run again and again.

An account registers, an operator gives it a plan, 12,000 contacts are imported, one SMS and one e-mail campaign go out,
receipts, bounces, opens, clicks and unsubscribes come in, and both reports are shown as tables.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api import Refused
from environment import running
from journey import Journey, final_count
from places import ROOT
from progress import Trouble, give_up, say

CONTACTS = ROOT / "deploy/local/sample/contacts-pl.csv"
LINE_EVERY = 2.0


class Ticker:
    """At most one line in `LINE_EVERY` seconds, and only when it says something new."""

    def __init__(self, line: Callable[[Any], str]) -> None:
        self._line, self._next, self._last = line, time.monotonic() + LINE_EVERY, ""

    def __call__(self, answer: Any) -> None:
        text = self._line(answer)
        if time.monotonic() >= self._next and text != self._last:
            say(f"  … {text}")
            self._next, self._last = time.monotonic() + LINE_EVERY, text


def main() -> None:
    started = time.monotonic()
    journey = Journey(running())
    people(journey)
    group_id = contacts(journey)
    sms(journey, group_id)
    email(journey, group_id)
    say(
        f"\nDone in {time.monotonic() - started:.0f} s. The system is up; make down ends it, make demo runs this again."
    )
    say(f"  the API     {journey.public.base_url}/v1")
    say(f"  its pages   {journey.public.base_url}/docs")
    if (Path(journey.environ["GATEWAY_PANEL_FOLDER"]) / "index.html").exists():
        say(f"  the panel   {journey.public.base_url}/  login {journey.login}, password {journey.password}")


def people(journey: Journey) -> None:
    heading("Accounts")
    say(f"  account {journey.register()} registered, its owner logged in")
    say(f"  operator {journey.become_operator()} made by command, logged in with a second factor")
    plan = journey.give_plan()["plan"]
    say(f"  the operator gave it the plan {plan['name']}, which ends its trial")
    journey.connect_simulators()
    journey.authorise_senders()
    say("  carrier and mail route point at the simulators; sender ID and sender domain are authorised")


def contacts(journey: Journey) -> str:
    heading(f"Contacts: {CONTACTS.name}")
    job = journey.import_contacts(
        CONTACTS,
        group="Klienci",
        show=Ticker(
            lambda answer: f"{answer['stage'] or answer['state']}: {answer['done']:,} of {answer['total'] or '?'}"
        ),
    )
    counts = job["counts"]
    table([(name, counts[name]) for name in ("read", "added", "updated", "unchanged", "merged", "rejected")])
    whole = sum(counts[name] for name in ("added", "updated", "unchanged", "merged", "rejected"))
    say(f"  {whole:,} accounted for; reasons: " + ", ".join(f"{name} {n}" for name, n in job["problems"].items()))
    return str(job["group_ids"][0])


def sms(journey: Journey, group_id: str) -> None:
    heading("SMS campaign")
    campaign_id = journey.sms_campaign(group_id)
    say(f"  preview: {journey.preview(campaign_id)['text']}")
    before = journey.simulators.smsc.get("/counts")["submitted"]
    report = send(journey, campaign_id)
    counts = report["counts"]
    rows = [("recipients", report["recipients"])]
    rows += [
        (name, counts.get(name))
        for name in ("submitted", "delivered", "undelivered", "expired", "rejected", "unknown", "parts")
    ]
    table(rows)
    received = journey.simulators.smsc.get("/counts")["submitted"] - before
    say(
        f"  the simulated carrier received {received:,} parts; "
        f"delivery rate {percent(report['rates']['delivery_rate'])}"
    )


def email(journey: Journey, group_id: str) -> None:
    heading("E-mail campaign")
    campaign_id = journey.email_campaign(group_id)
    say(f"  preview: {journey.preview(campaign_id)['subject']}")
    before = journey.simulators.mailbox.get("/counts")["accepted"]
    report = send(journey, campaign_id)
    done = journey.read_mail(after=before)
    say("  people: " + ", ".join(f"{done[deed]:,} {deed}" for deed in ("opened", "clicked", "unsubscribed")))
    report = journey.wait_engagement(campaign_id, done)
    counts = report["counts"]
    rows = [("recipients", report["recipients"])]
    names = (
        "sent",
        "delivered",
        "hard_bounced",
        "soft_bounced",
        "spam_bounced",
        "unique_opens",
        "unique_clicks",
        "unsubscribes",
    )
    rows += [(name, counts.get(name)) for name in names]
    rates = report["rates"]
    rows += [("open rate", percent(rates["open_rate"])), ("click rate", percent(rates["click_rate"]))]
    rows += [("click to open", percent(rates["click_to_open_rate"]))]
    table(rows)
    received = journey.simulators.mailbox.get("/counts")["accepted"] - before
    say(f"  the mailbox world accepted {received:,} mails")


def send(journey: Journey, campaign_id: str) -> dict[str, Any]:
    """Schedule, wait to the end, and return the report."""
    started = time.monotonic()
    journey.schedule(campaign_id)

    def handed_over(campaign: Any) -> str:
        progress = campaign["progress"]
        return f"{campaign['state']}: {progress['submitted']:,} of {progress['recipients'] or 0:,} handed over"

    journey.wait_sent(campaign_id, show=Ticker(handed_over))
    report = journey.wait_settled(
        campaign_id, show=Ticker(lambda answer: f"settled: {final_count(answer):,} of {answer['recipients'] or 0:,}")
    )
    seconds = time.monotonic() - started
    say(f"  {report['recipients']:,} recipients from schedule to the last counted outcome in {seconds:.1f} s")
    return report


def heading(text: str) -> None:
    say(f"\n{text}\n{'─' * len(text)}")


def table(rows: list[tuple[str, Any]]) -> None:
    for name, value in rows:
        shown = f"{value:,}" if isinstance(value, int) else str(value if value is not None else "–")
        say(f"  {name.replace('_', ' '):<16}{shown:>12}")


def percent(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.1%}"


if __name__ == "__main__":
    try:
        main()
    except (Trouble, Refused, RuntimeError, TimeoutError, OSError) as trouble:
        give_up(f"The demo stopped: {trouble}\nmake status and make logs say more.")
    except KeyboardInterrupt:
        sys.exit(130)
