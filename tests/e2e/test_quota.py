"""The free account's hundred messages, wanted by sixty-four callers at once through the gateway."""

import time
from concurrent.futures import ThreadPoolExecutor

from api import Refused
from journey import Journey

from chassis.testing import wait_until


def test_not_a_message_goes_over_the_quota_and_none_of_it_is_left_over(environ):
    journey = Journey(environ)
    journey.register()
    journey.become_operator()
    journey.end_trial()
    journey.connect_simulators()
    journey.authorise_senders()

    def send(number: int) -> int:
        to = [f"+48600{number:04d}{place:02d}" for place in range(1 + number % 3)]
        while True:
            try:
                sent = journey.api.post("/v1/sms", {"from": "Wici", "to": to, "text": "Hej"}, key=f"quota-{number}")
                return len(sent["messages"])
            except Refused as refused:
                if refused.status not in (429, 503):  # A busy machine, or too many at once: ask again, as clients do.
                    assert (refused.status, refused.code) == (402, "quota.exhausted")
                    return 0
                time.sleep(1)  # the pause is part of what a client does

    with ThreadPoolExecutor(64) as callers:
        accepted = sum(callers.map(send, range(100)))
    accepted += sum(send(900 + 3 * number) for number in range(3))

    def usage():
        features = journey.api.get("/v1/account/usage")["features"]
        return next((each["used"], each["reserved"]) for each in features if each["feature"] == "sms")

    assert accepted == 100
    wait_until(lambda: usage() == (100, 0), what="the quota to be settled", timeout=20)
    assert sum(1 for _ in journey.api.pages("/v1/messages")) in range(95, 101)


def test_a_rejected_recipient_of_a_campaign_costs_nothing_and_a_rejected_single_message_does(environ, tmp_path):
    journey = Journey(environ)
    journey.register()
    journey.become_operator()
    journey.give_plan()
    journey.connect_simulators()
    journey.authorise_senders()
    refused, taken = [f"+48601000{n:03d}" for n in range(7)], [f"+48601000{n:03d}" for n in range(900, 913)]
    people = tmp_path / "people.csv"
    people.write_text("Imię;Telefon\n" + "".join(f"Ola;{number}\n" for number in refused + taken))
    group_id = journey.import_contacts(people, group="Quota", consent=["sms"])["group_ids"][0]

    def sms():
        features = journey.api.get("/v1/account/usage")["features"]
        return next((each["used"], each["reserved"]) for each in features if each["feature"] == "sms")

    smsc = journey.simulators.smsc
    smsc.post("/settings", {"rejected_share": 0.5})
    try:
        campaign_id = journey.sms_campaign(group_id, text="Hej")
        journey.schedule(campaign_id)
        wait_until(lambda: sms() == (len(taken), 0), what="the campaign's quota to be settled", timeout=60)
        progress = journey.api.get(f"/v1/campaigns/{campaign_id}")["progress"]
        assert (progress["submitted"], progress["failed"]) == (len(taken), len(refused))

        sent = journey.api.post("/v1/sms", {"from": "Wici", "to": [refused[0], taken[0]], "text": "Hej"})

        def states():
            known = {each["id"]: each["state"] for each in journey.api.pages("/v1/messages")}
            return sorted(known.get(each["id"], "") for each in sent["messages"])

        wait_until(lambda: states() == ["delivered", "rejected"], what="both outcomes", timeout=30)
        wait_until(lambda: sms() == (len(taken) + 2, 0), what="the lease to be settled", timeout=30)
    finally:
        smsc.post("/settings", {"rejected_share": 0.0})


def test_parts_are_what_is_counted_and_what_the_carrier_took(environ, tmp_path):
    """A campaign and single messages of several parts; some of the audience take more than others."""
    journey = Journey(environ)
    journey.register()
    journey.become_operator()
    journey.give_plan()
    journey.connect_simulators()
    journey.authorise_senders()
    numbers = [f"+48602{place:06d}" for place in range(0, 1000, 25)]
    people = tmp_path / "people.csv"
    rows = [f"{'Ola' if place % 3 else 'Łucja Zażółć ' * 7};{number}" for place, number in enumerate(numbers)]
    people.write_text("\n".join(["Imię;Telefon", *rows, ""]))
    group_id = journey.import_contacts(people, group="Parts", consent=["sms"])["group_ids"][0]

    def sms():
        features = journey.api.get("/v1/account/usage")["features"]
        return next((each["used"], each["reserved"]) for each in features if each["feature"] == "sms")

    smsc = journey.simulators.smsc
    smsc.post("/settings", {"rejected_share": 0.2, "expired_share": 0.3})
    try:
        before = smsc.get("/counts")["submitted"]
        campaign_id = journey.sms_campaign(group_id, text="Hej {{ first_name }}, " + "rabat " * 10)
        journey.schedule(campaign_id)
        journey.wait_sent(campaign_id)
        wait_until(lambda: sms()[0] and sms()[1] == 0, what="the campaign's quota to be settled", timeout=60)
        took = [each for each in journey.received_sms(before) if each["to"] in numbers and each["state"] != "rejected"]
        assert len(took) > len({each["to"] for each in took}) == 32
        assert sms() == (len(took), 0)

        journey.wait_settled(campaign_id)
        sent = journey.api.post("/v1/sms", {"from": "Wici", "to": numbers[-3:], "text": "x" * 320})["messages"]
        assert [each["parts"] for each in sent] == [3, 3, 3]
        wait_until(lambda: sms() == (len(took) + 9, 0), what="the lease to be settled", timeout=30)
    finally:
        smsc.post("/settings", {"rejected_share": 0.0, "expired_share": 0.0})
