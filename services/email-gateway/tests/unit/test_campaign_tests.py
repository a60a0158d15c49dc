"""A campaign's test: a mail that says so, once to each mailbox, and none where the content fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from contracts.errors import Invalid
from email_gateway.content import first_render
from email_gateway.content.prepare import Kind, prepare
from email_gateway.domain.sends import Plan
from email_gateway.usecases import messages

ACCOUNT = uuid4()
CONTENT = {
    "from_email": "a@sklep.example", "subject": "Hej {{ first_name }}",
    "html": '<p>{{ points | default(0) | int }}</p><a href="{{ unsubscribe_url }}">Wypisz</a>',
}  # fmt: skip


class Database:
    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plan]:
    document = prepare(CONTENT, Kind.CAMPAIGN, ACCOUNT).document
    monkeypatch.setattr(messages.contents, "get_document", lambda _session, **_: document)
    monkeypatch.setattr(first_render, "PATIENCE_SECONDS", 300.0)

    def of(*addresses: str, **fields: Any) -> Plan:
        database: Any = Database()
        return messages.plan_test(
            database, actor={"account_id": str(ACCOUNT)}, now=datetime.now(UTC), content_hash="", fields_=fields,
            addresses=list(addresses), campaign_id=None,
        )  # fmt: skip

    return of


def test_it_says_so_in_its_subject_and_goes_once_to_each_mailbox(plan: Callable[..., Plan]) -> None:
    made = plan("ola@poczta.example", "Ola@Poczta.Example", "ela@poczta.example", first_name="Ola")

    assert made.document["subject"] == "[Test] Hej {{ first_name }}"
    assert [to.address for to in made.recipients] == ["ola@poczta.example", "ela@poczta.example"]


def test_a_test_that_would_be_rejected_is_refused(plan: Callable[..., Plan]) -> None:
    with pytest.raises(Invalid) as refused:
        plan("ola@poczta.example", points="siedem")
    assert [error["code"] for error in refused.value.errors] == ["template.failed"]
