"""The sender on real neighbours: every message is accounted for, whatever happens."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import dkim as oracle
import pytest
from sqlalchemy import select, text
from wici_simulators.mailbox.rules import Fate, Settings, fate

from chassis.broker import Broker
from chassis.database import Database
from chassis.testing import Launcher, RunningProcess, wait_until
from contracts.events import EMAIL_GATEWAY_ACT
from contracts.ids import message_id
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane
from email_gateway.models import Content, DkimKey

from .conftest import Campaign, Heard, World, sender_env, states, store_content

STATE_OF_FATE = {
    Fate.ACCEPT: "delivered", Fate.DEFER: "delivered", Fate.HARD: "hard_bounced",
    Fate.SOFT: "soft_bounced", Fate.SPAM: "spam_bounced",
}  # fmt: skip


def addresses(count: int, prefix: str = "osoba") -> list[str]:
    return [f"{prefix}{number}@poczta.example" for number in range(count)]


def truth(of: list[str]) -> Counter[str]:
    return Counter(STATE_OF_FATE[fate(address, Settings())] for address in of)


def test_every_message_ends_as_the_address_says(
    database: Database, campaign: Campaign, heard: Heard, world: World, sender: RunningProcess
) -> None:
    everybody = addresses(1500)
    batches = [campaign.batch(everybody[start : start + 500], first=start + 1) for start in range(0, 1500, 500)]

    for batch in batches:
        campaign.publish(batch)

    expected = truth(everybody)
    wait_until(
        lambda: Counter(heard.last_kinds(campaign.account_id).values()) == expected,
        timeout=120,  # 1,500 mails, some of them tried twice, on a machine that does other things besides
        what="the last event of each",
    )
    assert states(database, campaign.account_id) == expected
    mails = world.mails()
    assert Counter(mail["address"] for mail in mails) == Counter(
        address for address in everybody if STATE_OF_FATE[fate(address, Settings())] == "delivered"
    )
    assert {mail["message_id"].split("@")[0] for mail in mails} == {
        message_id(campaign.send_id, number + 1).hex
        for number, address in enumerate(everybody)
        if STATE_OF_FATE[fate(address, Settings())] == "delivered"
    }
    deferred = sum(1 for address in everybody if fate(address, Settings()) is Fate.DEFER)
    done = [heard.done[batch["batch_id"]] for batch in batches]
    assert [len(each) for each in done] == [1, 1, 1]
    assert sum(each[0]["submitted"] for each in done) == 1500 - deferred
    assert sum(each[0]["deferred"] for each in done) == deferred


def test_only_who_does_not_exist_is_archived(
    campaign: Campaign, heard: Heard, world: World, sender: RunningProcess
) -> None:
    everybody = [*addresses(600, "kto"), "hard.ostatni@poczta.example"]
    expected = truth(everybody)
    campaign.publish(campaign.batch(everybody))

    wait_until(
        lambda: Counter(heard.last_kinds(campaign.account_id).values()) == expected, what="the last event of each"
    )

    assert expected["spam_bounced"] and expected["soft_bounced"]
    missing = {address for address in everybody if fate(address, Settings()) is Fate.HARD}
    wait_until(lambda: missing <= heard.archived, what="the refusals")
    assert heard.archived & set(everybody) == missing


def test_mail_is_signed_and_personal(
    database: Database, campaign: Campaign, heard: Heard, world: World, sender: RunningProcess
) -> None:
    campaign.publish(campaign.batch(["ala@poczta.example"]))
    wait_until(world.mails, what="the mail")

    raw = world.call("/messages/1/raw")
    with database.transaction() as session:
        key = session.scalars(select(DkimKey)).one()
    assert oracle.DKIM(raw).verify(dnsfunc=lambda name, timeout=5: key.record.encode())
    mail = world.mails()[0]
    assert mail["subject"] == "Witaj Osoba 1"
    assert mail["sender"].endswith("@bounces.sklep.example")
    assert mail["unsubscribe"].startswith("http://127.0.0.1:8000/u/")
    assert {link.split("/")[3] for link in mail["links"]} == {"t", "o"}


def test_a_redelivered_batch_sends_nothing_twice(
    database: Database, campaign: Campaign, heard: Heard, world: World, sender: RunningProcess
) -> None:
    batch = campaign.batch(addresses(300))

    campaign.publish(batch)
    campaign.publish(batch)
    wait_until(lambda: len(heard.done[batch["batch_id"]]) == 2, what="both answers")
    campaign.publish(batch)
    wait_until(lambda: len(heard.done[batch["batch_id"]]) == 3, what="the third answer")

    counts = world.call("/counts")
    assert counts["duplicates"] == 0
    assert all(
        answer["submitted"] + answer["failed"] + answer["deferred"] == 300 for answer in heard.done[batch["batch_id"]]
    )


def test_deferred_mail_is_delivered_by_the_retry_schedule(
    database: Database, campaign: Campaign, heard: Heard, world: World, sender: RunningProcess
) -> None:
    batch = campaign.batch([f"defer.{number}@poczta.example" for number in range(40)])

    campaign.publish(batch)

    wait_until(lambda: states(database, campaign.account_id) == {"delivered": 40}, what="delivery after deferral")
    assert heard.done[batch["batch_id"]][0]["deferred"] == 40
    wait_until(
        lambda: Counter(event["kind"] for event in heard.of(campaign.account_id)) == {"deferred": 40, "delivered": 40}
    )
    assert world.call("/counts")["duplicates"] == 0


def test_who_has_no_usable_address_is_rejected_and_who_lacks_a_field_is_not(
    database: Database, campaign: Campaign, heard: Heard, world: World, sender: RunningProcess
) -> None:
    batch = campaign.batch(["ola@poczta.example", "żółw@poczta.example", "a b@poczta.example", "ela@poczta.example"])
    batch["recipients"][3]["fields"] = {}

    campaign.publish(batch)

    wait_until(lambda: len(heard.done[batch["batch_id"]]) == 1, what="the answer")
    assert heard.done[batch["batch_id"]][0] | {"v": 1} == {
        "v": 1, "batch_id": batch["batch_id"], "campaign_id": batch["campaign_id"],
        "submitted": 2, "failed": 2, "deferred": 0, "units": 2, "left_out": {}, "content_failed": {},
    }  # fmt: skip
    assert states(database, campaign.account_id) == {"delivered": 2, "rejected": 2}


def test_nothing_leaves_from_a_sender_that_is_not_verified(
    database: Database, broker: Broker, heard: Heard, world: World, sender: RunningProcess, campaign: Campaign
) -> None:
    from uuid import uuid4

    account_id = uuid4()
    other = Campaign(broker, account_id, store_content(database, account_id, state="pending"))
    stolen = Campaign(broker, uuid4(), campaign.content_hash)

    other.publish(other.batch(addresses(3)))
    stolen.publish(stolen.batch(addresses(3)))

    for each in (other, stolen):
        wait_until(lambda each=each: states(database, each.account_id) == {"rejected": 3}, what="rejection")  # type: ignore[misc]
    assert world.mails() == []


def test_a_content_kept_before_a_rule_that_refuses_it_is_rejected(
    database: Database, campaign: Campaign, heard: Heard, world: World, sender: RunningProcess
) -> None:
    with database.transaction() as session:
        content = session.get(Content, campaign.content_hash)
        assert content is not None
        content.document = {**content.document, "subject": "{{ [1]|tojson }}"}

    campaign.publish(campaign.batch(addresses(3)))

    wait_until(lambda: states(database, campaign.account_id) == {"rejected": 3}, what="rejection")
    assert {event["code"] for event in heard.of(campaign.account_id)} <= {"template.invalid"}


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"v": 1}', b'{"recipients": [{}]}'])
def test_a_lane_message_that_is_no_batch_is_parked(
    body: bytes, broker: Broker, campaign: Campaign, heard: Heard, world: World, sender: RunningProcess
) -> None:
    parked: list[bytes] = []
    lane = channel_lane(Channel.EMAIL, Lane.BULK)
    broker.consume(f"dead.{lane}", lambda delivery: (parked.append(delivery.body), delivery.ack()))

    broker.publish(lane, body).result(10)

    wait_until(lambda: parked == [body], what="the dead letter")
    campaign.publish(campaign.batch(["ala@poczta.example"]))
    wait_until(world.mails, what="the next mail")


def test_killed_in_the_middle_loses_nothing_and_repeats_nothing(
    database: Database, campaign: Campaign, heard: Heard, world: World, launch: Launcher
) -> None:
    sender = launch("email_gateway.outbound", service="email_gateway", env=sender_env(world))
    everybody = addresses(6000, "klient")
    for start in range(0, 6000, 500):
        campaign.publish(campaign.batch(everybody[start : start + 500], first=start + 1))
    wait_until(lambda: world.call("/counts")["accepted"] > 1200, what="a fifth of the mails")

    sender.kill()
    sender.start().wait_ready()

    def settled() -> bool:
        found = states(database, campaign.account_id)
        return sum(found.values()) == 6000 and not found.get("claimed") and not found.get("deferred")

    wait_until(settled, timeout=60, what="the end of the campaign")
    found = states(database, campaign.account_id)
    unknown = found.pop("unknown", 0)
    expected = truth(everybody)
    counts = world.call("/counts")
    mails = Counter(mail["address"] for mail in world.mails())
    assert 0 < unknown <= 500  # the window
    assert counts["duplicates"] == 0
    assert max(mails.values()) == 1
    # What the world accepted is delivered in the ledger or, inside the stated window, unknown.
    assert found["delivered"] <= counts["accepted"] <= found["delivered"] + unknown
    assert sum(found.values()) + unknown == 6000
    assert all(found[state] <= expected[state] for state in found)

    def told() -> Counter[str]:
        return Counter(heard.last_kinds(campaign.account_id).values())

    ledger = Counter({**found, "unknown": unknown})
    with suppress(pytest.fail.Exception):
        wait_until(lambda: told() == ledger, what="events equal to the ledger")
    assert told() == ledger


def test_stopped_in_the_middle_gives_back_and_loses_nothing_at_all(
    database: Database, campaign: Campaign, heard: Heard, world: World, launch: Launcher
) -> None:
    world.call("/settings", {"delay_ms": 2})
    sender = launch("email_gateway.outbound", service="email_gateway", env=sender_env(world))
    everybody = addresses(3000, "klientka")
    for start in range(0, 3000, 500):
        campaign.publish(campaign.batch(everybody[start : start + 500], first=start + 1))
    wait_until(lambda: world.call("/counts")["accepted"] > 300, what="a tenth of the mails")

    assert sender.stop(30) == 0
    assert "claimed" not in states(database, campaign.account_id)
    sender.start().wait_ready()

    wait_until(lambda: states(database, campaign.account_id) == truth(everybody), timeout=60, what="the end")
    assert world.call("/counts")["duplicates"] == 0


def in_hand(database: Database) -> int:
    """How many recipients are claimed."""
    with database.transaction() as session:
        return session.scalar(text("SELECT coalesce(sum(cardinality(numbers)), 0) FROM claims")) or 0


def test_a_world_that_is_away_for_a_while_is_waited_for(
    database: Database, campaign: Campaign, heard: Heard, world: World, sender: RunningProcess
) -> None:
    everybody = addresses(200)
    world.process.kill()
    world.process.wait()
    campaign.publish(campaign.batch(everybody))
    wait_until(lambda: in_hand(database) == 200, what="all of them in hand")

    world.process = subprocess.Popen(world.process.args, stdout=subprocess.DEVNULL)  # type: ignore[arg-type]

    wait_until(lambda: states(database, campaign.account_id) == truth(everybody), timeout=40, what="delivery")
    assert world.call("/counts")["duplicates"] == 0


def test_a_campaign_that_a_destination_refuses_waits_there_and_its_account_is_told(
    database: Database, campaign: Campaign, heard: Heard, world: World, launch: Launcher,
    acts_told: Callable[..., list[Any]],
) -> None:  # fmt: skip
    """Else each of its people is spent on the same refusal. Other destinations get it as ever."""
    other = [f"osoba{number}@inna.example" for number in range(30)]
    refused = [f"spam.{number}@poczta.example" for number in range(300)]
    world.call("/settings", {"delay_ms": 20, "hard": 0, "soft": 0, "spam": 0, "defer": 0})
    launch("email_gateway.outbound", service="email_gateway", env=sender_env(world))

    campaign.publish(campaign.batch(refused))
    campaign.publish(campaign.batch(other, first=301))

    def ended() -> dict[str, int] | None:
        found = states(database, campaign.account_id)
        return found if sum(found.values()) == 330 and "accepted" not in found else None

    found = wait_until(ended, what="the end of both")
    assert found["delivered"] == 30
    assert 20 <= found["spam_bounced"] < 100
    assert found["deferred"] == 300 - found["spam_bounced"]

    with database.transaction() as session:
        waiting = session.execute(text("SELECT reason, count(*) FROM retries GROUP BY reason")).all()
    assert [tuple(row) for row in waiting] == [("destination.refuses", found["deferred"])]
    (act,) = acts_told(EMAIL_GATEWAY_ACT, {str(campaign.campaign_id)}, until="campaign.refused")
    assert act["account_id"] == campaign.account_id
    assert (act["details"]["destination"], act["details"]["code"]) == ("poczta.example", "5.7.1")
    assert not heard.archived & set(refused)
