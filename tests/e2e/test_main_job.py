"""The main job: a list is imported, both campaigns go out, and the reports say what the simulators received."""

import csv
import email
import email.policy
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from api import poll
from journey import DOMAIN
from whole_system import ALL_AT_HOME, SOME_BOUNCE, mailboxes

LIST = Path(__file__).parents[2] / "deploy/local/sample/contacts-pl.csv"


@pytest.fixture(scope="module")
def imported(environ):
    """An account with the whole list in one group, shared by the tests of this module."""
    from journey import Journey

    made = Journey(environ)
    made.prepare()
    job = made.import_contacts(LIST, group="Klienci")
    return made, job


def test_every_row_of_the_list_is_accounted_for(imported):
    journey, job = imported
    with LIST.open(encoding="utf-8-sig", newline="") as file:
        rows = sum(1 for _ in csv.reader(file, delimiter=";")) - 1
    counts = job["counts"]

    assert counts["read"] == rows > 12_000
    assert sum(counts[name] for name in ("added", "updated", "unchanged", "merged", "rejected")) == rows
    assert counts["rejected"] > 0
    rejected = journey.api.get(f"/v1/imports/{job['id']}/rejected").decode("utf-8-sig").splitlines()
    assert len(list(csv.reader(rejected, delimiter=";"))) - 1 >= counts["rejected"]


def test_sms_report_equals_what_the_carrier_received_message_by_message(imported):
    journey, job = imported
    journey.simulators.smsc.post(
        "/settings", {"undelivered_share": 0.03, "expired_share": 0.02, "rejected_share": 0.01}
    )
    before = journey.simulators.smsc.get("/counts")["submitted"]
    campaign_id = journey.sms_campaign(job["group_ids"][0])

    journey.schedule(campaign_id)
    journey.wait_sent(campaign_id)
    report = journey.wait_settled(campaign_id)

    log = {message["address"]: message["state"] for message in journey.messages(campaign_id)}
    carrier = {}
    for part in journey.received_sms(before):
        carrier.setdefault("+" + part["to"].lstrip("+"), part["state"])
    assert len(log) == report["recipients"] > 1_000
    assert log == carrier
    counts = {name: report["counts"][name] for name in ("delivered", "undelivered", "expired", "rejected")}
    assert counts == {name: Counter(log.values())[name] for name in counts}


def test_email_report_equals_what_the_mailboxes_received_message_by_message(imported, request):
    journey, job = imported
    before = journey.simulators.mailbox.get("/counts")["accepted"]
    campaign_id = journey.email_campaign(job["group_ids"][0])
    mailboxes(journey.environ, SOME_BOUNCE)
    request.addfinalizer(lambda: mailboxes(journey.environ, ALL_AT_HOME))

    journey.schedule(campaign_id)
    journey.wait_sent(campaign_id)
    report = journey.wait_settled(campaign_id)
    done = journey.read_mail(after=before)
    report = journey.wait_engagement(campaign_id, done)

    messages = journey.messages(campaign_id)
    delivered = {message["address"] for message in messages if message["state"] == "delivered"}
    received = [mail["address"] for mail in journey.received_mail(before)]
    assert len(received) == len(set(received))
    assert set(received) == delivered
    assert report["counts"]["delivered"] == len(delivered)
    assert len(messages) == report["recipients"] > 1_000
    assert done["failed"] == 0
    assert report["counts"]["unique_opens"] == done["opened"]
    assert report["counts"]["unique_clicks"] == done["clicked"]
    assert report["counts"]["unsubscribes"] == done["unsubscribed"]


def test_segments_find_whom_the_report_counts(imported):
    journey, _ = imported
    campaign = next(c for c in journey.api.pages("/v1/campaigns", channel="email", state="sent"))
    counts = journey.report(campaign["id"])["counts"]
    wanted = {"opened": "unique_opens", "clicked": "unique_clicks", "unsubscribed": "unsubscribes"}

    def found(kind):
        rules = {"field": "engagement", "op": kind, "value": {"campaigns": [campaign["id"]], "last_days": 1}}
        return journey.api.post("/v1/segments/count", {"rules": rules})["count"]

    for kind, metric in wanted.items():
        poll(lambda kind=kind: found(kind), lambda count, metric=metric: count == counts[metric] > 0, seconds=30)
    assert found("delivered") >= counts["delivered"] > found("bounced") > 0


def test_whoever_unsubscribed_or_bounced_gets_no_second_campaign(imported):
    journey, job = imported
    first = next(c for c in journey.api.pages("/v1/campaigns", channel="email", state="sent"))
    gone = {
        message["address"]
        for message in journey.messages(first["id"])
        if message["unsubscribed_at"] or message["state"] == "hard_bounced"
    }
    campaign_id = journey.email_campaign(job["group_ids"][0], name="Druga")

    journey.schedule(campaign_id)
    journey.wait_sent(campaign_id)
    journey.wait_settled(campaign_id)

    assert gone
    assert not gone & {message["address"] for message in journey.messages(campaign_id)}


def test_whoever_confirms_a_sign_up_gets_a_campaign_and_who_does_not_gets_none(imported):
    journey, _job = imported
    api, mailbox = journey.api, journey.simulators.mailbox
    mailbox.post("/settings", {"keep_raw": 1_000_000})
    group_id = api.post("/v1/groups", {"name": "Newsletter"})["id"]
    consent = "Chcę dostawać wiadomości o promocjach."
    form = api.post(
        "/v1/forms",
        {
            "name": "Newsletter",
            "consent_texts": {"pl": consent},
            "fields": [{"key": "first_name"}],
            "group_ids": [group_id],
            "sender": {"email": f"sklep@{DOMAIN}", "name": "Sklep Łąka"},
        },
    )
    before = mailbox.get("/counts")["accepted"]

    for name in ("anna", "piotr"):
        answers = {"email": f"{name}@zapisy.example", "first_name": name.title()}
        journey.public.post(f"/v1/forms/{form['id']}/submissions", {"fields": answers, "consent": True})
    asked = poll(lambda: journey.received_mail(before), lambda mails: len(mails) >= 2, seconds=60)
    number = next(mail["number"] for mail in asked if mail["address"] == "anna@zapisy.example")
    raw = mailbox.get(f"/messages/{number}/raw")
    text = email.message_from_bytes(raw, policy=email.policy.default).get_body().get_content()
    link = re.search(r"https?://\S+(/c/\S+)", text)[1]
    assert b"Potwierdzam zapis" in journey.public.get(link)
    assert list(api.pages("/v1/contacts", group_id=group_id)) == []
    assert b"Zapis potwierdzony" in journey.public.request("POST", link)

    (contact,) = api.pages("/v1/contacts", group_id=group_id)
    (history,) = api.get(f"/v1/contacts/{contact['id']}/consents")["items"]
    assert history["evidence"]["consent_text"] == consent
    campaign_id = journey.email_campaign(group_id, name="Powitanie")
    journey.schedule(campaign_id)
    journey.wait_sent(campaign_id)
    journey.wait_settled(campaign_id)
    assert [message["address"] for message in journey.messages(campaign_id)] == ["anna@zapisy.example"]


def test_counters_equal_the_log(environ, imported):
    ran = subprocess.run(
        [sys.executable, "-m", "reporting.commands.check"], env=environ, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
