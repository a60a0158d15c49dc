"""Rules as SQL against the same rules in plain Python (`rule_model.py`).

`WICI_RULE_TREES=10000 pytest services/contacts/tests/integration/test_rules.py` tries that many trees.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from contacts.usecases import fields, groups, segments
from contracts.errors import Invalid

from . import rule_model as model
from .rule_tables import NOON, store_people

TREES = int(os.environ.get("WICI_RULE_TREES", "100"))


def test_random_rules_give_the_members_that_plain_python_gives(database, account):
    everyone = model.people(120)
    ids = store_people(database, account.id, everyone)

    @settings(max_examples=TREES, suppress_health_check=list(HealthCheck), derandomize=TREES <= 100)
    @given(model.trees())
    def check(rules: dict[str, Any]) -> None:
        with database.transaction() as session:
            found = segments.compiled(session, account_id=account.id, rules=rules, now=NOON)
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
