"""The people of `rule_model.py` in the tables."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import copy_rows
from chassis.ids import new_id
from contacts.store import engagement

from . import rule_model as model

NOON = datetime.combine(model.TODAY, time(12), UTC)
COLUMNS = ("city", "first_name", "phone", "birth_date", "sms_consent", "email_consent", "sms_consent_at", "created_at")


def store_people(database: Any, account_id: UUID, everyone: list[dict[str, Any]]) -> list[UUID]:
    """Write the model's people into the tables; returns their ids, in the same order."""
    ids = [new_id() for _ in everyone]
    slots = {key: f"f{at}" for at, key in enumerate(model.CUSTOM)}
    with database.transaction() as session:
        session.execute(text("SET LOCAL TimeZone = 'UTC'"))
        contacts, members, archived, engagements = [], [], [], []
        for contact_id, person in zip(ids, everyone, strict=True):
            custom = {slots[key]: _plain(person[key]) for key in model.CUSTOM if person[key] is not None}
            email = f"{contact_id}@x.example"
            row = (contact_id, account_id, email, orjson.dumps(custom).decode())
            contacts.append((*row, *(person[name] for name in COLUMNS)))
            members += [(group, contact_id, account_id) for group in person["groups"]]
            addresses = {"sms": person["phone"], "email": email}
            archived += [(new_id(), account_id, one, addresses[one], "other", "t") for one in person["archived"]]
            engagements += [(campaign, kind, day, contact_id) for campaign, kind, day in person["engagement"]]
        for key, slot in slots.items():
            session.execute(
                text("INSERT INTO contact_fields VALUES (:id, :account, :key, :key, :kind, :slot)"),
                {"id": new_id(), "account": account_id, "key": key, "kind": model.KINDS[key], "slot": slot},
            )
        copy_rows(session, "groups", ("id", "account_id", "name"), [(one, account_id, one) for one in model.GROUPS])
        copy_rows(session, "contacts", ("id", "account_id", "email", "custom", *COLUMNS), contacts)
        copy_rows(session, "group_members", ("group_id", "contact_id", "account_id"), members)
        known = [row for row in archived if row[3] is not None]
        copy_rows(session, "archive", ("id", "account_id", "channel", "address", "reason", "source"), known)
        engagement.add(session, _columns(account_id, engagements))
    return ids


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _columns(account_id: UUID, engagements: list[tuple[str, str, Any, UUID]]) -> list[dict[str, str]]:
    """As a lane message has them, in two parts each."""
    by_place: dict[tuple[str, str, Any, int], list[str]] = {}
    for at, (campaign, kind, day, contact_id) in enumerate(engagements):
        by_place.setdefault((campaign, kind, day, at % 2), []).append(str(contact_id))
    return [
        {
            "account_id": str(account_id),
            "campaign_id": campaign,
            "channel": model.CHANNEL_OF[campaign],
            "kind": kind,
            "day": str(day),
            "contact_ids": ",".join(ids),
        }
        for (campaign, kind, day, _), ids in by_place.items()
    ]
