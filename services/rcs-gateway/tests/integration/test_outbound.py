"""The outbound process against the simulated Google: what leaves, what comes back, and what happens on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.testing import RunningProcess, wait_until
from contracts.vocabulary import Lane
from rcs_gateway.usecases import answers, messages, privacy

from .conftest import GooglePeer, Shop, Told, phones

Outbound = Callable[..., RunningProcess]
LISTED: dict[str, Any] = {"limit": 100, "cursor": None}


def test_a_campaign_arrives_is_read_tapped_and_answered_once_however_often_it_is_told(
    outbound: Outbound, google: GooglePeer, shop: Shop, heard: Told
) -> None:
    """Events come twice and before the answer; a phone without RCS has failed with a reason to go on by."""
    google.call("/settings", {"doubled": True, "early": True, "taps": True, "without": ["9"]})
    people = phones(10)
    outbound()

    batch = shop.send(people)
    wait_until(lambda: batch in heard.done, what="the batch's end")
    reached = people[:9]

    def all_told() -> bool:
        told = [kinds for kinds in heard.in_order().values() if {"delivered", "opened", "clicked"} <= set(kinds)]
        return len(told) == len(reached)

    wait_until(all_told, what="taps")
    sent = google.messages()
    assert sorted(one["phone"] for one in sent) == reached
    assert {one["body"]["contentMessage"]["text"] for one in sent} == {"Hej Anna"}
    assert heard.codes() == {people[9]: "rcs.not_reachable"}
    assert (heard.done[batch]["submitted"], heard.done[batch]["failed"]) == (9, 1)

    google.say(people[0], text="STOP")
    google.say(people[0], text="STOP", messageId="the same")
    wait_until(lambda: heard.refused, what="the refusal")
    with shop.database.transaction() as session:
        inbox = answers.list_inbound_rcs(session, actor=shop.actor, now=datetime.now(UTC), **LISTED)["items"]
    by_kind = Counter(one["kind"] for one in inbox)
    assert by_kind["tap"] == 9, "told twice, and there once"
    assert {one["postback"] for one in inbox if one["kind"] == "tap"} == {"yes"}
    stop = next(one for one in inbox if one["kind"] == "text")
    assert (stop["wish"], stop["phone"], stop["agent"]) == ("stop", people[0], "shop")
    assert str(stop["message_id"]) in {one["id"] for one in sent}
    opened = Counter(event["event_id"] for event in heard.events if event["kind"] == "opened")
    assert len(opened) == 9, "doubled readings have one id"


def test_whatever_the_wire_does_everybody_gets_one_message(
    outbound: Outbound, google: GooglePeer, shop: Shop, heard: Told
) -> None:
    """Lost and half answers, garbage, other people's pages, silence, throttles: of campaigns, of single ones."""
    people = phones(16)
    behaviours = ("lost", "half", "garbage", "html", "hang", "UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED")
    answers, lost = dict(zip(people, behaviours * 2, strict=True)), [people[0], people[8]]
    # Phones of those whose answer is lost tell nothing for now: a report that comes first is as good as the answer.
    google.call("/settings", {"answers": answers, "retry_after": 0, "offline": lost})
    outbound()

    shop.send(people[:8])
    shop.send(people[8:], lane=Lane.TRANSACTIONAL)
    wait_until(lambda: len(heard.in_order()) == 16, timeout=40, what="each of them was tried")
    google.call("/settings", {"answers": {}, "throttle": 3})
    again = "those that were lost come again under their id"
    wait_until(lambda: sum(one["repeats"] > 0 for one in google.messages()) == 2, timeout=60, what=again)
    google.call("/settings", {"offline": []})
    wait_until(
        lambda: sum("delivered" in kinds for kinds in heard.in_order().values()) == 16, timeout=60, what="all of them"
    )

    assert sorted(one["phone"] for one in google.messages()) == people, "nobody twice, nobody forgotten"


def test_five_hundred_phones_that_nobody_knows_are_asked_for_at_once(
    outbound: Outbound, google: GooglePeer, shop: Shop, heard: Told
) -> None:
    people = phones(500)
    google.call("/settings", {"without": ["6", "7", "8", "9"], "reads": False})
    outbound()

    first = shop.send(people)
    wait_until(lambda: first in heard.done, timeout=40, what="the first batch")
    second = shop.send(people[:40])
    wait_until(lambda: second in heard.done, timeout=40, what="the second batch")

    counts = google.call("/")["counts"]
    assert counts["checked"] == 500, "once, and then it is known"
    assert counts.get("404", 0) == 0 and len(google.messages()) == 324
    ends = [(heard.done[batch]["submitted"], heard.done[batch]["failed"]) for batch in (first, second)]
    assert ends == [(300, 200), (24, 16)]


def test_whoever_is_killed_nobody_gets_a_campaign_twice_and_single_messages_arrive(
    outbound: Outbound, google: GooglePeer, shop: Shop, heard: Told
) -> None:
    people = phones(180)
    google.call("/settings", {"delay": 0.05, "reads": False})
    first = outbound()
    batches = [shop.send(people[start : start + 40]) for start in range(0, 120, 40)]
    shop.send(people[120:], lane=Lane.TRANSACTIONAL)
    wait_until(lambda: len(google.messages()) > 40, what="some of them on their way")
    first.kill()
    outbound()

    def have_all_ended() -> bool:
        ends = [kinds for kinds in heard.in_order().values() if {"delivered", "unknown"} & set(kinds)]
        return set(batches) <= heard.done.keys() and len(ends) == len(people)

    wait_until(have_all_ended, timeout=60, what="every message's end")
    reached = Counter(one["phone"] for one in google.messages())
    assert max(reached.values()) == 1, "nobody twice"
    assert set(people[120:]) <= set(reached), "single messages arrive"
    taken = {one["id"] for one in google.messages()}
    wait_until(
        lambda: all("delivered" in kinds for name, kinds in heard.in_order().items() if name in taken),
        what="what had left is known to have arrived",
    )


def test_what_has_not_arrived_is_taken_back_and_what_has_is_too_late(
    outbound: Outbound, google: GooglePeer, shop: Shop, heard: Told
) -> None:
    here, away, late = phones(3)
    google.call("/settings", {"offline": ["1", "2"], "reads": False})
    shop.keep({"kind": "basic", "text": "Hej", "ttl_seconds": 14})
    outbound()
    shop.send([here, away, late], lane=Lane.TRANSACTIONAL)
    wait_until(lambda: len(google.messages()) == 3, what="all of them with Google")
    ids = {one["phone"]: UUID(one["id"]) for one in google.messages()}
    wait_until(lambda: "delivered" in heard.in_order().get(str(ids[here]), ()), what="the delivery")

    now, both = datetime.now(UTC), [ids[here], ids[away]]
    with shop.database.transaction() as session:
        shown = messages.revoke_messages(session, actor=shop.actor, now=now, message_ids=both)["messages"]
        strangers: Any = {"account_id": str(UUID(int=7))}
        assert messages.revoke_messages(session, actor=strangers, now=now, message_ids=both) == {"messages": []}
    assert [one["revocation"] for one in sorted(shown, key=lambda one: one["to"])] == [None, "waiting"]

    wait_until(lambda: "undelivered" in heard.in_order()[str(ids[away])], what="the taking back")
    with shop.database.transaction() as session:
        taken = messages.get_message(session, actor=shop.actor, now=now, message_id=ids[away])
    assert (taken["state"], taken["code"]) == ("undelivered", "rcs.revoked")
    states = {one["phone"]: one["state"] for one in google.messages()}
    assert (states[here], states[away]) == ("delivered", "revoked")
    wait_until(lambda: "expired" in heard.in_order()[str(ids[late])], timeout=40, what="the end of its time")


def test_a_person_is_shown_and_forgotten_with_what_they_answered(
    outbound: Outbound, google: GooglePeer, shop: Shop, heard: Told
) -> None:
    (anna,) = phones(1)
    outbound()
    shop.send([anna])
    wait_until(lambda: any("opened" in kinds for kinds in heard.in_order().values()), what="the reading")
    google.say(anna, text="Dziękuję")
    asked: dict[str, Any] = {"actor": shop.actor, "now": datetime.now(UTC), "addresses": [anna]}

    def exported() -> list[dict[str, Any]]:
        with shop.database.transaction() as session:
            return list(privacy.export_person(session, **asked, cursor=None, limit=10)["items"])

    wait_until(lambda: Counter(one["kind"] for one in exported()) == {"message": 1, "answer": 1}, what="the answer")
    assert [one["record"]["text"] for one in exported() if one["kind"] == "answer"] == ["Dziękuję"]

    privacy.erase_person(shop.database, **asked, erased_at=datetime.now(UTC), dry_run=False)

    assert exported() == []
    with shop.database.transaction() as session:
        for table in ("reach", "last_messages", "inbound_rcs"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
