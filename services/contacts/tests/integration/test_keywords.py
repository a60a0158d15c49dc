"""Who writes a keyword to a number of the account's comes into its group."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from chassis.database import Database
from chassis.ids import new_id
from contacts.usecases import groups, keywords, people

PHONE, OTHER = "+48505603496", "+48505603497"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def write(account: Any, database: Database, *people: tuple[str, Any], consent: bool = False, **more: Any) -> None:
    told = [
        {"phone": phone, "group_id": group_id, "keyword": "klub", "grants_consent": consent, "written_at": NOON}
        for phone, group_id in people
    ]
    event = {"event_id": more.get("event_id", uuid4()), "account_id": account.id, "people": told}
    with database.transaction() as session:
        keywords.add_writers(session, event=event, now=NOON, limit=more.get("limit"))


def members(account: Any, group_id: Any) -> list[Any]:
    page = account.call(people.list_contacts, limit=10, cursor=None, group_id=group_id)
    return sorted((one["phone"], one["first_name"], one["sms_consent"]) for one in page["items"])


def test_a_stranger_becomes_a_contact_and_a_known_person_a_member(account: Any, database: Database) -> None:
    group_id = account.call(groups.create, name="Klub", description="")["id"]
    write(account, database, (PHONE, group_id))
    event_id = uuid4()
    for _ in range(2):
        write(account, database, (PHONE, group_id), (OTHER, group_id), consent=True, event_id=event_id)

    page = account.call(people.list_contacts, limit=10, cursor=None, group_id=group_id)
    assert sorted(one["phone"] for one in page["items"]) == [PHONE, OTHER]
    consents = {one["phone"]: one["consents"]["sms"] for one in page["items"]}
    assert {(each["granted"], each["source"], each["at"]) for each in consents.values()} == {(True, "SMS: klub", NOON)}


def test_a_group_that_is_gone_and_a_full_account_leave_the_others_alone(account: Any, database: Database) -> None:
    group_id = account.call(groups.create, name="Klub", description="")["id"]
    write(account, database, (PHONE, new_id()), (PHONE, group_id))
    write(account, database, (OTHER, group_id), (PHONE, group_id), limit=1)

    page = account.call(people.list_contacts, limit=10, cursor=None)
    assert [one["phone"] for one in page["items"]] == [PHONE]
