"""One message over several channels, on a real broker and database, whatever is killed."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from campaigns.store import chains as store
from campaigns.usecases import chain_work
from campaigns.usecases import chains as usecases
from chassis.database import Database
from chassis.testing import wait_until
from contracts.errors import Forbidden, Invalid, NotFound

from .single_sends import broken_promise

PUSH, PHONE, EMAIL = str(UUID(int=7)), "+48600100300", "anna@example.com"
TO = {"push": PUSH, "phone": PHONE, "email": EMAIL}


def step(channel: str, what: str, sender: Any = None, **go_on: Any) -> dict[str, Any]:
    said = {"push": {"body": what}, "sms": {"text": what}, "email": {"subject": "x", "text": what}}[channel]
    made = {"channel": channel, "from": sender or "Wici", "content": said}
    if channel == "email":
        made["from"] = {"email": "shop@example.com"}
    return {**made, **({"go_on": go_on} if go_on else {})}


def sent(owner: Any, *steps: dict[str, Any], to: Any = None, **more: Any) -> Any:
    return owner("send_chain", to=to or TO, steps=list(steps), **more)


def soon(database: Database, seconds: float = 1.0) -> None:
    """What was to be waited for for minutes or hours is for so long."""
    quick = (
        "jsonb_strip_nulls(go_on || jsonb_build_object('not_delivered_minutes',"
        " CASE WHEN go_on ->> 'not_delivered_minutes' IS NOT NULL THEN CAST(:minutes AS float) END,"
        " 'not_read_hours', CASE WHEN go_on ->> 'not_read_hours' IS NOT NULL THEN CAST(:hours AS float) END))"
    )
    with database.transaction() as session:
        asked = {"minutes": seconds / 60, "hours": seconds / 3600}
        session.execute(text("SELECT id FROM message_chains ORDER BY id FOR UPDATE"))  # as the workers lock them
        session.execute(text(f"UPDATE chain_steps SET go_on = {quick}"), asked)


def over(owner: Any, chain_id: str, seconds: float = 20.0) -> Any:
    def ended() -> Any:
        chain = owner("get_chain", chain_id=chain_id)
        return chain if chain["state"] != "running" else None

    return wait_until(ended, timeout=seconds, what="the end of the chain")


def states(chain: Any) -> list[str]:
    return [one["state"] for one in chain["steps"]]


def left(owner: Any, service: str = "sms_gateway") -> list[dict[str, Any]]:
    return list(owner.client.call(f"{service}.look_at_sends", owner.actor, {})["sends"])


def test_a_resting_worker_is_told_of_the_channels_that_have_something_due(caller: Callable, database: Database) -> None:
    now = datetime.now(UTC)
    owner = caller()
    sent(owner, step("push", "Hej"), step("sms", "Hej"))

    assert chain_work.due_channels(database, now=now - timedelta(minutes=5)) == set()
    due = chain_work.due_channels(database, now=now + timedelta(minutes=5))
    assert due == {"push"}
    lasts, later = timedelta(minutes=1), now + timedelta(minutes=5)
    assert [len(chain_work.take(database, each, now=later, lasts=lasts, limit=5)) for each in ("push", "sms")] == [1, 0]
    assert chain_work.due_channels(database, now=later) == set()


def test_the_next_channel_takes_over_and_what_was_not_needed_is_saved(caller: Callable, chains: Callable) -> None:
    chains()
    owner = caller()
    ways = {
        "refused": ["failed", "reached"],
        "unreachable:0.1": ["impossible", "reached"],
        "delivered:0.1": ["reached", "skipped"],
    }

    made = {what: sent(owner, step("push", what), step("sms", "delivered:0.1"), external_id=what) for what in ways}

    ended = {what: over(owner, chain["id"]) for what, chain in made.items()}
    assert {what: states(chain) for what, chain in ended.items()} == ways
    assert [chain["reached_by"] for chain in ended.values()] == ["sms", "sms", "push"]
    assert ended["refused"]["steps"][0]["code"] == "text.empty"
    assert ended["unreachable:0.1"]["steps"][0]["code"] == "push.no_device"
    by_sms = ended["refused"]["steps"][1]
    assert (by_sms["units"], by_sms["address"]) == (2, PHONE) and by_sms["message_id"] and by_sms["delivered_at"]
    assert sorted(one["external_id"] for one in left(owner)) == sorted(
        ["refused", *["unreachable:0.1"] * 2, "delivered:0.1"]
    )
    earlier = owner("count_chains", **{"from": "2026-01-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"})
    since, until = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 1))
    counted = owner("count_chains", **{"from": since.isoformat(), "to": until.isoformat()})
    assert (earlier["chains"], counted["chains"], counted["by_state"]["reached"]) == (0, 3, 3)
    assert counted["reached_by"] == {"push": 1, "sms": 2}
    told = ("channel", "steps", "sent", "reached", "read", "failed", "impossible", "saved", "units")
    assert [[one[name] for name in told] for one in counted["steps"]] == [
        ["push", 3, 2, 1, 0, 1, 1, 0, 4],
        ["sms", 3, 2, 2, 0, 0, 0, 1, 4],
    ]
    ends = owner("list_chains", reached_by="sms")
    assert {one["external_id"] for one in ends["items"]} == {"refused", "unreachable:0.1"}


def test_time_passes_it_on_unless_it_was_read_by_a_person(
    caller: Callable, chains: Callable, database: Database
) -> None:
    owner = caller()
    waits = [
        sent(owner, step("push", "delivered:0.1", not_read_hours=1), step("sms", "delivered:0.1")),
        sent(owner, step("push", "read:0.1", not_read_hours=1), step("sms", "delivered:0.1")),
        sent(owner, step("email", "revocable", not_delivered_minutes=1), step("sms", "delivered:0.1")),
        sent(owner, step("email", "late:3.5", not_delivered_minutes=1), step("sms", "never"), step("push", "never")),
    ]
    soon(database)
    chains()

    unread, read, back, late = (over(owner, one["id"]) for one in waits)

    assert (states(unread), states(read)) == (["timed_out", "reached"], ["reached", "skipped"])
    assert (states(back), back["steps"][0]["code"]) == (["revoked", "reached"], "message.revoked")
    assert (states(late), late["reached_by"]) == (["reached", "sent", "skipped"], "email"), "it came, if late"


def test_a_contact_is_asked_for_when_the_step_leaves(caller: Callable, chains: Callable) -> None:
    chains()
    owner = caller()
    pair = (step("email", "delivered:0.1"), step("sms", "delivered:0.1"))

    archived = sent(owner, *pair, to={"contact_id": str(UUID(int=2))})
    refuses = sent(owner, step("sms", "delivered:0.1"), step("email", "fails:0.1"), to={"contact_id": str(UUID(int=4))})

    archived, refuses = over(owner, archived["id"]), over(owner, refuses["id"])
    assert (states(archived), archived["steps"][0]["code"]) == (["impossible", "reached"], "contact.archived")
    assert (refuses["state"], states(refuses)) == ("not_reached", ["impossible", "failed"])
    moved = sent(owner, step("sms", "delivered:0.1"), step("push", "x"), to={"contact_id": str(UUID(int=5))})
    assert [one["address"] for one in moved["steps"]] == [None, None]
    assert over(owner, moved["id"])["steps"][0]["address"] == "+48600100201"
    unasked = sent(owner, step("push", "x"), step("sms", "delivered:0.1"), to={"contact_id": str(UUID(int=7))})
    assert over(owner, unasked["id"])["steps"][0]["code"] == "contact.no_consent"
    sender = caller(permissions=["sms.send", "push.send"], account_id=owner.account_id)
    assert sender("cancel_chain", chain_id=moved["id"])["steps"][0]["address"] is None
    with pytest.raises(Invalid) as gone:
        sent(owner, *pair, to={"contact_id": str(UUID(int=1))})
    with pytest.raises(Invalid) as nowhere:
        sent(owner, step("sms", "x"), step("sms", "y"), to={"contact_id": str(UUID(int=3))})
    assert [error.value.errors[0]["code"] for error in (gone, nowhere)] == ["contact.not_found", "to.unreachable"]


def test_what_could_never_be_sent_is_refused_at_once_by_its_field(caller: Callable) -> None:
    owner = caller()

    with pytest.raises(Invalid) as refused:
        sent(owner, step("push", "x"), step("sms", "y", sender="BANK"))

    assert refused.value.code == "message.step_refused"
    assert refused.value.errors == [{"field": "steps.1.from", "code": "sender.not_active", "detail": "Not yours."}]
    with pytest.raises(Forbidden):
        sent(caller(permissions=["push.send"]), step("push", "x"), step("sms", "y"))
    assert owner("list_chains")["items"] == []


def test_one_key_is_one_chain_and_nobody_elses(caller: Callable) -> None:
    owner = caller()
    steps = (step("push", "never"), step("sms", "never"))

    first, again = (sent(owner.with_key("k1"), *steps) for _ in range(2))
    sent(owner, *steps)

    assert first == again and len(owner("list_chains")["items"]) == 2
    page = owner("list_chains", limit=1)
    following = owner("list_chains", limit=1, cursor=page["next_cursor"])
    assert page["items"] != following["items"] and following["next_cursor"] is None
    for method in ("get_chain", "cancel_chain"):
        with pytest.raises(NotFound):
            caller()(method, chain_id=first["id"])


def test_a_cancelled_one_sends_no_more_and_takes_back_what_it_can(caller: Callable, chains: Callable) -> None:
    owner = caller()
    waits = sent(owner, step("push", "never"), step("sms", "never"))
    assert owner("cancel_chain", chain_id=waits["id"])["state"] == "cancelled"
    chains()
    away = sent(owner, step("email", "revocable", not_delivered_minutes=9), step("sms", "never"))
    wait_until(lambda: states(owner("get_chain", chain_id=away["id"]))[0] == "sent", what="the first step")

    owner("cancel_chain", chain_id=away["id"])

    wait_until(
        lambda: states(owner("get_chain", chain_id=away["id"])) == ["revoked", "skipped"], what="its being taken back"
    )
    assert states(owner("get_chain", chain_id=waits["id"])) == ["skipped", "skipped"]
    assert [one["what"] for one in left(owner)] == ["revoked"]


def test_what_another_has_written_since_it_was_read_counts_once_it_is_locked(
    caller: Callable, database: Database
) -> None:
    owner = caller()
    made = sent(owner, step("push", "never"), step("sms", "never"))
    found = {"account_id": owner.account_id, "chain_id": UUID(made["id"])}
    with database.transaction() as session:
        store.get(session, **found)
        with database.transaction() as other:
            other.execute(text("UPDATE message_chains SET external_id = 'new'"))
            other.execute(text("UPDATE chain_steps SET code = 'new'"))
        kept = store.locked(session, [found["chain_id"]])[found["chain_id"]]
        assert (kept.row.external_id, [one.code for one in kept.chain.steps]) == ("new", ["new", "new"])


def test_a_person_is_exported_and_erased(caller: Callable, database: Database) -> None:
    owner = caller()
    by_mail = {"email": "Anna@Example.com", "phone": "+48600100301"}
    mailed = sent(owner, step("email", "never"), step("sms", "never"), to=by_mail)
    of_contact = sent(owner, step("email", "never"), step("sms", "never"), to={"contact_id": str(UUID(int=9))})
    for chain_id, key in ((mailed["id"], EMAIL), (of_contact["id"], str(UUID(int=9)))):
        (other,) = owner("export_person", addresses=[key])["items"]
        assert other["record"]["id"] == chain_id
        owner("erase_person", addresses=[key], erased_at="2099-01-01T00:00:00Z")
        assert states(owner("get_chain", chain_id=chain_id)) == ["skipped", "skipped"]
    made = sent(owner, step("push", "never"), step("sms", "never"), external_id="parcel-12")
    asked = {"addresses": [PHONE], "erased_at": "2099-01-01T00:00:00Z"}

    (exported,) = owner("export_person", addresses=[PHONE])["items"]
    counts = [owner("erase_person", **asked, dry_run=dry)["counts"] for dry in (True, False)]

    assert (exported["kind"], exported["record"]["id"]) == ("message_chain", made["id"])
    assert counts == [{"message_chains": 1}] * 2
    shown = owner("get_chain", chain_id=made["id"])
    assert (shown["state"], shown["external_id"]) == ("cancelled", None)
    assert [one["address"] for one in shown["steps"]] == ["erased", "erased"]
    assert owner("export_person", addresses=[PHONE])["items"] == []
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(content) FROM chain_steps")) == 0


def test_what_is_over_for_long_is_forgotten_and_an_account_goes_with_all_that_it_has(
    caller: Callable, database: Database
) -> None:
    owner = caller()
    ended, runs = (sent(owner, step("push", "never"), step("sms", "never")) for _ in range(2))
    owner("cancel_chain", chain_id=ended["id"])

    def kept() -> tuple[int, int]:
        with database.transaction() as session:
            counts = "SELECT count(content), count(DISTINCT chain_id) FROM chain_steps WHERE account_id = :account"
            return tuple(session.execute(text(counts), {"account": owner.account_id}).one())

    def later(days: int) -> tuple[int, int]:
        chain_work.forget_old(database, datetime.now(UTC) + timedelta(days=days), Event())
        return kept()

    assert (later(4), later(6), later(401)) == ((4, 2), (2, 2), (2, 1))
    assert owner("get_chain", chain_id=runs["id"])["state"] == "running"
    usecases.erase_of_account(database, owner.account_id)
    assert kept() == (0, 0)


def test_kills_at_any_moment_forget_nobody_and_reach_nobody_twice(
    caller: Callable, chains: Callable, database: Database
) -> None:
    """The short form of `bench/chains.py`: e-mail, then SMS; two processes, one or the other killed."""
    dice = random.Random(15)
    whats = ("delivered:0.3", "late:2.5", "late:1.6", "refused", "fails:0.2", "never", "revocable")
    owner, running = caller(), [chains(), chains()]
    made = {}
    for number in range(24):
        what = dice.choice(whats)
        first = step("email", what, not_delivered_minutes=1)
        made[sent(owner, first, step("sms", "delivered:0.1"), external_id=str(number))["id"]] = what
        soon(database, 1.5)
        if number % 8 == 7:
            running.pop(dice.randrange(2)).kill()
            running.append(chains())

    ended = {chain_id: over(owner, chain_id, 30.0) for chain_id in made}

    assert {chain["state"] for chain in ended.values()} == {"reached"}
    sends: dict[str, list[Any]] = {}
    for one in left(owner):
        sends.setdefault(one["key"].split(":")[1], []).append(one)
    assert {chain_id: broken_promise(what, sends[chain_id]) for chain_id, what in made.items()} == dict.fromkeys(made)
