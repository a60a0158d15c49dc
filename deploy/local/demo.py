"""`make demo`: the main job on a real list, shown step by step; it can be run again and again.

An account registers, an operator gives it a plan, 12,000 contacts are imported, one SMS and one e-mail campaign go out,
receipts, bounces, opens, clicks and unsubscribes come in, and both reports are shown as tables. Then an e-mail's two
subjects are tested, and the better one goes to the rest; single messages go by push to whom it reaches, and by SMS to
the others; at last a campaign by RCS, WhatsApp, Viber and SMS.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import ab_test
import cross_channel
from api import Api, Refused, poll
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
    test_of_subjects(journey)
    several_channels(journey)
    campaign_of_steps(journey)
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
    say(f"  operator {journey.become_new_operator()} made by command, logged in with a second factor")
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


def test_of_subjects(journey: Journey) -> None:
    heading("E-mail campaign with an A/B test of its subject")
    campaign_id = ab_test.draft(journey, ab_test.people(journey, CONTACTS))
    before = journey.simulators.mailbox.get("/counts")["accepted"]
    journey.schedule(campaign_id)
    ab_test.wait_tested(journey, campaign_id)
    journey.read_mail(after=before)
    for one in ab_test.wait_opened(journey, campaign_id):
        say(f"  {one['name']}: {one['delivered']} delivered, {one['opened']} opened, open rate {percent(one['rate'])}")
    winner = ab_test.choose_best(journey, campaign_id)
    campaign = journey.wait_sent(campaign_id)
    say(f"  {winner} goes to the rest; by itself it would half an hour after the test")
    progress = campaign["progress"]
    table([("recipients", progress["recipients"]), ("handed over", progress["submitted"])])
    say(f"  winner: {campaign['ab_progress']['winner']}")


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


def several_channels(journey: Journey) -> None:
    """Twenty people, of whom every other has a browser that takes pushes."""
    heading("One message over several channels: push, then SMS")
    api = journey.api
    application = api.post("/v1/push/applications", {"name": "shop", "title": "Shop", "web_contact": "a@shop.example"})
    browsers = Api(f"http://127.0.0.1:{journey.environ['WICI_PUSH_PORT']}")
    began = datetime.now(UTC)
    made = []
    for place in range(20):
        device = _browser(journey, browsers, application["app_key"]) if place % 2 else str(uuid4())
        message = {
            "to": {"push": device, "phone": f"+486001009{place:02d}"},
            "steps": [
                {"channel": "push", "from": "shop", "content": {"title": "Paczka", "body": f"Skrytka {place}"}},
                {"channel": "sms", "from": "Wici", "content": {"text": f"Paczka czeka, skrytka {place}"}},
            ],
        }
        made.append(api.post("/v1/messages", message, key=f"chain-{journey.login}-{place}")["id"])
    period = {"from": began.isoformat(), "to": (began + timedelta(hours=1)).isoformat()}
    figures = poll(
        lambda: api.get("/v1/message-chains/figures", **period),
        lambda found: found["chains"] == len(made) and not found["by_state"]["running"],
        seconds=60,
    )
    table([("messages", figures["chains"]), *((f"by {name}", n) for name, n in sorted(figures["reached_by"].items()))])
    for step in figures["steps"]:
        say(
            f"  step {step['place']}, {step['channel']}: {step['sent']} sent, {step['reached']} reached,"
            f" {step['failed'] + step['impossible']} not possible, {step['saved']} saved, {step['units']} units"
        )


def campaign_of_steps(journey: Journey) -> None:
    """Sixty people: by RCS where the phone has it, by WhatsApp where they have agreed, by Viber those who have come to
    the bot, and by SMS all others."""
    heading("One campaign over several channels: RCS, WhatsApp, Viber, then SMS")
    cross_channel.set_up_rcs(journey)
    cross_channel.set_up_whatsapp(journey)
    campaign_id = cross_channel.draft(journey, cross_channel.people(journey, cross_channel.set_up_viber(journey)))
    journey.schedule(campaign_id)
    report = cross_channel.wait_over(journey, campaign_id)
    by = sorted(report["reached_by"].items())
    table([("recipients", report["recipients"]), *((f"by {name}", n) for name, n in by)])
    for step in report["steps"]:
        cost = step["cost"] or {"amount": 0, "currency": ""}
        say(
            f"  step {step['place']}, {step['channel']}: {step['sent']} sent, {step['reached']} reached,"
            f" {step['failed'] + step['impossible']} not possible, {step['saved']} saved,"
            f" {cost['amount'] / 100:.2f} {cost['currency']}"
        )


def _browser(journey: Journey, browsers: Api, app_key: str) -> str:
    """The id of a new browser's subscription."""
    browser = browsers.post("/browsers", {})
    device = {"app_key": app_key, "platform": "web", "token": browser["endpoint"], "keys": browser["keys"]}
    return str(journey.public.post("/v1/devices", device)["id"])


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
