"""People who wrote a keyword to one of the account's numbers come into its group."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.database import Session
from chassis.inbox import first_time
from chassis.logs import get_logger
from contacts.store import leavers
from contacts.store import people as people_store
from contacts.usecases import upserts

log = get_logger()


def add_writers(session: Session, *, event: Mapping[str, Any], now: datetime, limit: int | None) -> None:
    """Each becomes a contact where there is none, and a member. Harmless twice: the inbox knows.

    Who was erased, would be one contact too many, or wrote of a group that is gone, is left out and counted.

    :param limit: how many contacts the account may hold; None: any number.
    """
    if not first_time(session, "add_keyword_writers", event["event_id"]):
        return
    account_id = event["account_id"]
    people_store.set_terms(session, account_id=account_id, limit=limit, region=None)
    account = people_store.lock_account(session, account_id=account_id)
    for each in event["people"]:
        leavers.come_back_by_phone(session, account_id=account_id, group_id=each["group_id"], phone=each["phone"])
    contacts = [_contact(each) for each in event["people"]]
    items = upserts.upsert_into(session, account, now=now, merge_by="phone", contacts=contacts)["items"]
    codes = sorted({item["code"] for item in items if item["code"]})
    log.info("keyword_writers_added", account_id=str(account_id), people=len(items), left_out=codes)


def _contact(person: Mapping[str, Any]) -> dict[str, Any]:
    contact: dict[str, Any] = {"phone": person["phone"], "group_ids": [person["group_id"]]}
    if person["grants_consent"]:
        source = f"SMS: {person['keyword']}"
        contact["consents"] = {"sms": {"granted": True, "source": source, "at": person["written_at"]}}
    return contact
