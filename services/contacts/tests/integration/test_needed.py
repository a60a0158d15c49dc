"""What a scheduled or running campaign needs is not deleted; campaigns is a function here, and a test of its own."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.ids import new_id
from contacts.usecases import fields, groups, needed, segments
from contracts.errors import Conflict, NotFound, Unavailable

from .rule_tables import NOON


class Campaigns:
    """Stands for campaigns: `names` are of the campaigns that need what is asked for."""

    def __init__(self, *names: str) -> None:
        self.names, self.asked = names, list[Any]()

    def call(self, name: str, actor: Any, payload: Any, *, deadline: float = 0) -> Any:
        assert name == "campaigns.list_campaigns_needing"
        self.asked.append(payload)
        return {"campaigns": [{"id": str(new_id()), "name": one} for one in self.names]}


def things(account: Any) -> list[tuple[Any, str, dict[str, Any], dict[str, list[str]]]]:
    """Each noun, its name in errors, the id of one, and what campaigns is asked."""
    group = account.call(groups.create, name="Lista", description="")["id"]
    rules = {"field": "city", "op": "eq", "value": "Kraków"}
    segment = account.call(segments.create, name="Z Krakowa", description="", rules=rules)["id"]
    field = account.call(fields.create, key="rabat", type="text")["id"]
    return [
        (needed.GROUP, "group", {"group_id": group}, {"groups": [str(group)]}),
        (needed.SEGMENT, "segment", {"segment_id": segment}, {"segments": [str(segment)]}),
        (needed.FIELD, "contact_field", {"field_id": field}, {"fields": ["rabat"]}),
    ]


def test_what_a_campaign_needs_stays_and_the_refusal_names_the_campaign(account: Any) -> None:
    for noun, name, place, asked in things(account):
        busy, idle = Campaigns("Lato", "Jesień"), Campaigns()
        given = {"actor": account.actor, "now": NOON, "noun": noun, **place}

        with pytest.raises(Conflict, match="Lato, Jesień") as refused:
            needed.delete(account.database, call=busy.call, **given)
        assert refused.value.code == f"{name}.in_use" and busy.asked == [asked]
        assert [one["name"] for one in refused.value.extra["campaigns"]] == ["Lato", "Jesień"]

        needed.delete(account.database, call=idle.call, **given)
        with pytest.raises(NotFound):
            needed.delete(account.database, call=idle.call, **given)


def test_a_field_that_a_campaign_names_keeps_its_key_and_may_have_another_label(account: Any) -> None:
    field_id = account.call(fields.create, key="rabat", type="text")["id"]
    busy, given = Campaigns("Lato"), {"actor": account.actor, "now": NOON, "field_id": field_id}

    assert needed.update_field(account.database, call=busy.call, **given, label="Kod")["label"] == "Kod"
    assert needed.update_field(account.database, call=busy.call, **given, key="rabat")["key"] == "rabat"
    with pytest.raises(Conflict, match="Lato"):
        needed.update_field(account.database, call=busy.call, **given, key="kod")
    assert needed.update_field(account.database, call=Campaigns().call, **given, key="kod")["key"] == "kod"


def test_while_campaigns_does_not_answer_nothing_is_deleted(account: Any) -> None:
    def call(*_: Any, **__: Any) -> Any:
        raise Unavailable("service.timeout", "campaigns is away")

    for noun, _, place, _ in things(account):
        for _time in range(2):
            with pytest.raises(Unavailable):
                needed.delete(account.database, call=call, actor=account.actor, now=NOON, noun=noun, **place)
