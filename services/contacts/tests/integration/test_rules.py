"""Rules as SQL against the same rules in plain Python (`rule_model.py`).

`WICI_RULE_TREES=10000 pytest services/contacts/tests/integration/test_rules.py` tries that many trees.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from chassis.database import copy_rows
from chassis.ids import new_id
from contacts.store import engagement
from contacts.usecases import fields, groups, segments
from contracts.errors import Invalid

from . import rule_model as model

TREES = int(os.environ.get("WICI_RULE_TREES", "100"))
NOON = datetime.combine(model.TODAY, time(12), UTC)
COLUMNS = ("city", "first_name", "phone", "birth_date", "sms_consent", "email_consent", "sms_consent_at", "created_at")


def store_people(database: Any, account_id: UUID, everyone: list[dict[str, Any]]) -> list[UUID]:
    """Write the model's people into the tables; returns their ids, in the same order."""
    ids = [new_id() for _ in everyone]
    slots = {key: f"f{at}" for at, key in enumerate(model.CUSTOM)}
    with database.transaction() as session:
        session.execute(text("SET LOCAL TimeZone = 'UTC'"))
        contacts, members, archived, told = [], [], [], []
        for contact_id, person in zip(ids, everyone, strict=True):
            custom = {slots[key]: _plain(person[key]) for key in model.CUSTOM if person[key] is not None}
            email = f"{contact_id}@x.example"
            row = (contact_id, account_id, email, orjson.dumps(custom).decode())
            contacts.append((*row, *(person[name] for name in COLUMNS)))
            members += [(group, contact_id, account_id) for group in person["groups"]]
            addresses = {"sms": person["phone"], "email": email}
            archived += [(new_id(), account_id, one, addresses[one], "other", "t") for one in person["archived"]]
            told += [(campaign, kind, day, contact_id) for campaign, kind, day in person["engagement"]]
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
        engagement.add(session, _columns(account_id, told))
    return ids


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _columns(account_id: UUID, told: list[tuple[str, str, Any, UUID]]) -> list[dict[str, str]]:
    """As a lane message has them, in two parts each."""
    by_place: dict[tuple[str, str, Any, int], list[str]] = {}
    for at, (campaign, kind, day, contact_id) in enumerate(told):
        by_place.setdefault((campaign, kind, day, at % 2), []).append(str(contact_id))
    return [
        {
            "account_id": str(account_id),
            "campaign_id": campaign,
            "kind": kind,
            "day": str(day),
            "contact_ids": ",".join(ids),
        }
        for (campaign, kind, day, _), ids in by_place.items()
    ]


def test_random_rules_give_the_members_that_plain_python_gives(database, account):
    everyone = model.people(120)
    ids = store_people(database, account.id, everyone)

    @settings(max_examples=TREES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=TREES <= 100)
    @given(model.trees())
    def check(rules: dict[str, Any]) -> None:
        with database.transaction() as session:
            found = segments.compiled(session, account.id, rules, NOON)
            members = session.scalars(
                text(f"SELECT id FROM contacts c WHERE c.account_id = :account AND {found.sql}"),
                {**found.parameters, "account": account.id},
            ).all()
        assert set(members) == {one for one, person in zip(ids, everyone, strict=True) if model.holds(rules, person)}

    check()


def test_a_group_that_is_not_there_is_named(account):
    with pytest.raises(Invalid) as refused:
        account.call(segments.count, rules={"not": {"field": "group", "op": "in", "value": model.GROUPS[:1]}})

    assert refused.value.errors[0]["code"] == "group.not_found"


def test_what_is_described_is_what_is_accepted(account):
    """Every field with every operator that is offered, with a value of the form that is said."""
    account.call(fields.create, key="size", label="Rozmiar", type="number")
    group_id = str(account.call(groups.create, name="g", description="")["id"])
    values = {
        "none": None, "text": "x", "number": 1.5, "date": "2026-11-24", "boolean": True, "days": 7, "months": 0,
        "month_list": [1, 12], "text_list": ["x"], "number_list": [1], "number_pair": [1, 2],
        "date_list": ["2026-11-24"],
        "date_pair": ["2026-11-24", "2026-11-25"], "group_ids": [group_id], "channels": ["sms"], "engagement": None,
    }  # fmt: skip

    for name in (one["name"] for one in account.call(segments.describe)["fields_"] if not one["is_custom"]):
        with pytest.raises(Invalid):
            account.call(fields.create, key=name, label=name, type="text")
    described = account.call(segments.describe)["fields_"]

    rules = [
        {"field": field["name"], "op": one["op"], "value": values[one["value"]]}
        for field in described
        for one in field["operators"]
    ]
    assert len(rules) > 100
    for at in range(0, len(rules), 100):
        assert account.call(segments.count, rules={"all": rules[at : at + 100]}) == {"count": 0}
    assert [field["label"] for field in described if field["is_custom"]] == ["Rozmiar"]
