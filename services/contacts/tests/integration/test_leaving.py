"""People who leave a group by an unsubscribe page stay out of it, whatever brings them back but themselves."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

import contacts
from chassis.database import Database, Session
from chassis.ids import new_id
from chassis.testing import wait_until
from contacts.domain.person import Person
from contacts.store import jobs
from contacts.store import people as people_store
from contacts.usecases import audiences, bulk_acts, consents, groups, keywords, leaving, people, person_export, privacy
from contracts.contacts.bulk import BulkAct
from contracts.errors import Conflict
from contracts.ids import step_campaign_id
from contracts.vocabulary import Channel

from .conftest import NOON

EMAIL, PHONE = "ala@example.com", "+48505603496"
PUBLIC = {"pl": {"name": "Nowości", "description": ""}}


@pytest.fixture
def club(account: Any) -> UUID:
    return UUID(str(account.call(groups.create, name="Klub", description="", public=PUBLIC)["id"]))


@pytest.fixture
def ala(account: Any, club: UUID) -> UUID:
    account.import_file(f"email;phone\n{EMAIL};{PHONE}\nola@example.com;\n", group_ids=[str(club)], **AGREES)
    return next(row["id"] for row in account.people() if row["email"] == EMAIL)


AGREES = {"consent": ["email"]}


def leaving_of(account: Any, contact_id: Any, *group_ids: UUID) -> dict[str, Any]:
    return {
        "event_id": uuid4(), "occurred_at": NOON, "account_id": account.id, "contact_id": contact_id,
        "campaign_id": new_id(), "message_id": new_id(), "group_ids": list(group_ids),
    }  # fmt: skip


def leave(database: Database, account: Any, contact_id: Any, *group_ids: UUID) -> None:
    event = leaving_of(account, contact_id, *group_ids)
    for _ in range(2):
        with database.transaction() as session:
            leaving.leave_lists(session, event=event)


def members(account: Any, group_id: UUID) -> list[str]:
    page = account.call(people.list_contacts, limit=10, cursor=None, group_id=group_id)
    return sorted(one["email"] for one in page["items"])


def told(database: Database) -> list[Any]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT convert_from(body, 'UTF8')::jsonb AS body FROM outbox"
                                    " WHERE routing_key = 'public_list_changed' ORDER BY position"))  # fmt: skip
        return [row.body["texts"] for row in rows]


def test_who_leaves_is_out_of_that_group_alone_and_stays_on_the_channel(
    database: Any, account: Any, club: UUID, ala: UUID
) -> None:
    other = account.call(groups.create, name="Inny", description="")["id"]
    account.call(groups.add_contacts, group_id=other, contact_ids=[ala])

    leave(database, account, ala, club, new_id())

    assert members(account, club) == ["ola@example.com"]
    assert members(account, other) == [EMAIL]
    assert account.call(groups.get, group_id=club)["contacts"] == 1
    assert account.call(people.get, contact_id=ala)["consents"]["email"]["granted"] is True
    (left,) = account.call(consents.list_consents, contact_id=ala)["left_lists"]
    assert (left["group_id"], left["name"], left["at"]) == (club, "Klub", NOON)


@pytest.mark.parametrize("deleted", [False, True])
def test_no_list_of_the_account_brings_them_back(
    database: Any, account: Any, club: UUID, ala: UUID, deleted: bool
) -> None:
    leave(database, account, ala, club)
    if deleted:
        account.call(people.delete, contact_id=ala)

    account.import_file(f"email;first_name\n{EMAIL};Ala\n", group_ids=[str(club)], **AGREES)
    account.import_file(f"email\n{EMAIL}\n{EMAIL}\n", group_ids=[str(club)])
    now = next(row["id"] for row in account.people() if row["email"] == EMAIL)
    changed = account.call(groups.add_contacts, group_id=club, contact_ids=[now])

    assert changed["changed"] == 0
    assert members(account, club) == ["ola@example.com"]


def test_who_asks_to_be_back_is(database: Any, account: Any, club: UUID, ala: UUID) -> None:
    leave(database, account, ala, club)
    account.call(groups.add_contacts, group_id=club, contact_ids=[ala], rejoin=True)
    assert EMAIL in members(account, club)

    leave(database, account, ala, club)
    writer = {"phone": PHONE, "group_id": club, "keyword": "klub", "grants_consent": False, "written_at": NOON}
    event = {"event_id": uuid4(), "account_id": account.id, "people": [writer]}
    with database.transaction() as session:
        keywords.add_writers(session, event=event, now=NOON, limit=None)
    assert EMAIL in members(account, club)


def test_who_leaves_while_a_campaign_waits_is_left_out(database: Any, account: Any, club: UUID, ala: UUID) -> None:
    """When their page is read, and when the channel is about to try again what waits there, also of a step."""
    both = UUID(str(account.call(groups.create, name="Oba", description="")["id"]))
    everybody = [row["id"] for row in account.people()]
    account.call(groups.add_contacts, group_id=both, contact_ids=everybody)

    def left_out(*group_ids: UUID) -> dict[str, list[int]]:
        snapshot_id, campaign_id = new_id(), new_id()
        chosen = {"groups": list(group_ids), "segments": [], "exclude_groups": [], "exclude_segments": []}
        asked = {"snapshot_id": snapshot_id, "channel": Channel.EMAIL, "audience": chosen, "fields_": []}
        account.call(audiences.request_snapshot, **asked, campaign_id=campaign_id)
        with database.transaction() as session:
            job = jobs.claim(session, new_id())
            assert job is not None
            audiences.take(session, account_id=account.id, snapshot_id=snapshot_id, request=job.request, now=NOON)
            jobs.finish(session, job, "done")
        of_campaigns = [new_id(), campaign_id, step_campaign_id(campaign_id, 1)]
        waiting = {"addressees": [(ala, EMAIL)] * 3, "campaign_ids": of_campaigns, "channel": Channel.EMAIL}
        assert account.call(audiences.check_addressees, **waiting)["left_out"] == []
        leave(database, account, ala, club)
        of_retries = account.call(audiences.check_addressees, **waiting)["left_out"]
        page = account.call(audiences.read, snapshot_id=snapshot_id, after=0, limit=10)
        assert len(page["recipients"]) + sum(map(len, page["left_out"].values())) == 2
        account.call(groups.add_contacts, group_id=club, contact_ids=[ala], rejoin=True)
        account.call(audiences.drop, snapshot_id=snapshot_id)
        assert of_retries == [(place, "withdrawn") for place in (1, 2) if page["left_out"]]
        assert account.call(audiences.check_addressees, **waiting)["left_out"] == []
        return {str(reason): numbers for reason, numbers in page["left_out"].items()}

    assert list(left_out(club)) == ["withdrawn"]
    assert left_out(club, both) == {}, "the other group still has them"


def meet(
    database: Database,
    first: Callable[[Session], object],
    second: Callable[[Session], object],
    then: Callable[[Session], object] = lambda session: None,
) -> None:
    """`second` begins while `first`, and `then` with it, is not committed, and waits where it has to."""

    def run() -> None:
        with database.transaction() as session:
            second(session)

    with ThreadPoolExecutor(1) as other:
        with database.transaction() as session:
            first(session)
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            running = other.submit(run)
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND :pid = ANY (pg_blocking_pids(pid))")
            wait_until(lambda: session.scalar(waits, {"pid": pid}) or running.done())
            then(session)
        running.result()


@pytest.mark.parametrize("leaves_first", [True, False])
@pytest.mark.parametrize("by", ["hand", BulkAct.ADD_TO_GROUP, BulkAct.MOVE_TO_GROUP])
def test_who_leaves_while_they_are_added_is_out(
    database: Any, account: Any, club: UUID, ala: UUID, by: str, leaves_first: bool
) -> None:
    old = UUID(str(account.call(groups.create, name="Stary", description="")["id"]))
    account.call(groups.remove_contacts, group_id=club, contact_ids=[ala])
    event = leaving_of(account, ala, club, old)
    request = {"act": by, "target_group_id": str(club), "source_group_id": str(old)}

    def leaves(session: Session) -> None:
        leaving.leave_lists(session, event=event)

    def is_added(session: Session) -> None:
        if by == "hand":
            groups.add_contacts(session, actor=account.actor, now=NOON, group_id=club, contact_ids=[ala])
        else:
            bulk_acts.act_on(session, account_id=account.id, bulk_id=new_id(), request=request, chosen_ids=[ala])

    meet(database, *((leaves, is_added) if leaves_first else (is_added, leaves)))

    assert members(account, club) == ["ola@example.com"]
    assert account.call(groups.get, group_id=club)["contacts"] == 1


def test_a_group_gets_its_texts_and_nobody_who_holds_the_account_waits_for_it(database: Any, account: Any) -> None:
    silent = account.call(groups.create, name="Bez tekstów", description="")["id"]

    def changes(session: Session) -> None:
        groups.update(session, actor=account.actor, now=NOON, group_id=silent, public=PUBLIC)

    meet(
        database,
        lambda session: people_store.lock_account(session, account_id=account.id),
        changes,
        lambda session: session.execute(text("SELECT FROM groups WHERE id = :id FOR UPDATE NOWAIT"), {"id": silent}),
    )


def test_another_account_is_not_left_by_a_strangers_event(
    new_account: Any, database: Any, account: Any, club: UUID, ala: UUID
) -> None:
    leave(database, new_account(), ala, club)

    assert EMAIL in members(account, club)
    assert account.call(consents.list_consents, contact_id=ala)["left_lists"] == []


def test_the_gateway_is_told_what_people_may_read_and_when_no_longer(database: Any, account: Any, club: UUID) -> None:
    english = {**PUBLIC, "en": {"name": "News", "description": "Weekly"}}
    account.call(groups.update, group_id=club, public=english)
    account.call(groups.update, group_id=club, description="nobody reads this")
    account.call(groups.update, group_id=club, archived=True)
    account.call(groups.update, group_id=club, archived=False)
    account.call(groups.update, group_id=club, public=None)
    account.call(groups.update, group_id=club, public=PUBLIC)
    account.call(groups.delete, group_id=club)

    assert told(database) == [PUBLIC, english, None, english, None, PUBLIC, None]


def test_a_page_holds_so_many_lists_and_no_more(database: Any, account: Any) -> None:
    for at in range(groups.PUBLIC_MAX):
        last = account.call(groups.create, name=f"g{at}", description="", public=PUBLIC)
    with pytest.raises(Conflict):
        account.call(groups.create, name="one more", description="", public=PUBLIC)
    account.call(groups.update, group_id=last["id"], public={"en": {"name": "Still", "description": ""}})


def test_what_is_kept_goes_with_the_person_and_is_told_to_them(
    database: Any, account: Any, club: UUID, ala: UUID
) -> None:
    leave(database, account, ala, club)
    with database.transaction() as session:
        records = person_export.records_of(session, account_id=account.id, person=Person((ala,), (EMAIL,)))
    assert [one["name"] for one in records["left_group"]] == ["Klub"]

    account.call(privacy.erase, contact_id=ala)
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM group_leavers")) == 0


def test_whatever_puts_contacts_into_groups_leaves_out_who_has_left() -> None:
    """Every statement says so itself."""
    package = Path(contacts.__file__).parent
    statements = [
        (path.name, part)
        for path in package.rglob("*.py") if "migrations" not in path.parts
        for part in path.read_text().split("INSERT INTO group_members")[1:]
    ]  # fmt: skip
    silent = [name for name, part in statements if "not_left(" not in part[:700]]

    assert len(statements) >= 4 and silent == []
