"""kill -9 in the middle of a campaign: nothing is lost, nobody is reached twice, counters equal the ledger."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from whole_system import ALL_AT_HOME, SOME_BOUNCE

from chassis.testing import wait_until

LIST = Path(__file__).parents[2] / "deploy/local/sample/contacts-pl.csv"
# What one process may have claimed and not settled when it dies (docs/decisions/0012): claims ahead and two SMPP
# windows of 500; chunks of mail.
SMS_WINDOW = 2_000 + 2 * 500
EMAIL_WINDOW = 500
# The other side is slow until all have been killed, so that there is a middle to kill in on any machine: two windows of
# 500 in ten seconds, and mailboxes that think.
SLOW_CARRIER = {"response_delay": 10.0, "undelivered_share": 0.0, "expired_share": 0.0, "rejected_share": 0.0}
SLOW_MAILBOXES = {"delay_ms": 150, **SOME_BOUNCE}


def send_under_fire(system, journey, campaign_id, processes, hurry):
    """Kill one after another while the campaign goes out, each as soon as the one before is back; then `hurry`."""
    journey.schedule(campaign_id)
    wait_until(lambda: journey.campaign(campaign_id)["progress"]["published"], timeout=60, what="the first batch")
    for process in processes:
        pid = system.pids()[process]
        system.kill(process)
        system.wait_restarted(process, not_pid=pid)
        time.sleep(1.0)  # it works for a while: time is the subject
    assert journey.campaign(campaign_id)["state"] == "sending", "the campaign was over before all were killed"
    hurry()
    journey.wait_sent(campaign_id)
    return journey.wait_settled(campaign_id, unknown=True)


def check_counters(environ):
    ran = subprocess.run(
        [sys.executable, "-m", "reporting.commands.check"], env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_sms_campaign_survives_kill_nine_of_every_process_on_its_way(system, environ, journey, record_property):
    job = journey.import_contacts(LIST, group="Klienci", consent=["sms"])
    journey.simulators.smsc.post("/settings", SLOW_CARRIER)
    before = journey.simulators.smsc.get("/counts")["submitted"]
    campaign_id = journey.sms_campaign(job["group_ids"][0], text="Dzień dobry, {{ first_name | default('') }}")

    report = send_under_fire(
        system,
        journey,
        campaign_id,
        ["sms_gateway.outbound", "campaigns.dispatcher", "reporting.ingester"],
        hurry=lambda: journey.simulators.smsc.post("/settings", {"response_delay": 0.0}),
    )

    messages = journey.messages(campaign_id)
    received = Counter("+" + part["to"].lstrip("+") for part in journey.received_sms(before))
    states = Counter(message["state"] for message in messages)
    record_property("states", dict(states) | {"received": len(received)})
    assert len(messages) == len({message["address"] for message in messages}) == report["recipients"]
    assert [address for address, times in received.items() if times > 1] == []
    not_received = {message["address"] for message in messages} - set(received)
    assert len(not_received) <= states["unknown"] <= SMS_WINDOW
    check_counters(environ)


def test_email_campaign_survives_kill_nine_of_every_process_on_its_way(system, environ, journey, record_property):
    job = journey.import_contacts(LIST, group="Klienci", consent=["email"])
    before = journey.simulators.mailbox.get("/counts")["accepted"]
    campaign_id = journey.email_campaign(job["group_ids"][0])
    journey.simulators.mailbox.post("/settings", SLOW_MAILBOXES)

    try:
        report = send_under_fire(
            system,
            journey,
            campaign_id,
            ["email_gateway.outbound", "campaigns.dispatcher", "reporting.ingester"],
            hurry=lambda: journey.simulators.mailbox.post("/settings", {"delay_ms": 0}),
        )
    finally:
        journey.simulators.mailbox.post("/settings", {"delay_ms": 0, **ALL_AT_HOME})

    messages = journey.messages(campaign_id)
    states = Counter(message["state"] for message in messages)
    received = Counter(mail["address"] for mail in journey.received_mail(before))
    record_property("states", dict(states) | {"received": len(received)})
    assert len(messages) == len({message["address"] for message in messages}) == report["recipients"]
    assert [address for address, times in received.items() if times > 1] == []
    lost = {m["address"] for m in messages if m["state"] == "delivered"} - set(received)
    assert lost == set()
    assert states["unknown"] <= EMAIL_WINDOW
    check_counters(environ)
