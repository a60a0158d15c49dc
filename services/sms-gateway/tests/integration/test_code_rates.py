"""One-time codes to one number: ten in ten minutes, whoever counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from channel import quota_leases
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from contracts.errors import TooManyRequests
from contracts.vocabulary import Lane
from sms_gateway.domain.code_rates import MOST, WITHIN, Window
from sms_gateway.domain.sends import Plan
from sms_gateway.models import SenderId
from sms_gateway.store import code_rates, contents, senders
from sms_gateway.usecases.messages import store_sends

NOW = datetime.now(UTC)
PHONE = "+48600100200"


def plan(account_id: UUID, *to: str, lane: Lane = Lane.OTP) -> Plan:
    content = {"text": "Kod", "literal": True, "replace_diacritics": False, "flash": False, "validity_minutes": None}
    return Plan(account_id, "Wici", content, list(to), {}, 1, lane, "Kod", None, None, None, "")


@pytest.fixture
def account_id(database: Database) -> UUID:
    """An account with a sender and quota enough."""
    made = new_id()
    with database.transaction() as session:
        session.add(SenderId(id=new_id(), account_id=made, sender="Wici", sender_key=senders.sender_key("Wici"),
                             state="active"))  # fmt: skip
        session.flush()
        session.execute(quota_leases._OPEN, {"reservation_id": new_id(), "account_id": made})
        session.execute(text("UPDATE quota_leases SET granted = 1000 WHERE account_id = :a"), {"a": made})
    return made


def stored(database: Database, *plans: Plan, now: datetime = NOW) -> list[bool]:
    """Which of them were refused for that."""
    with database.transaction() as session:
        return [isinstance(answer, TooManyRequests) for answer in store_sends(session, plans, now=now)]


def test_the_eleventh_waits_for_the_end_of_ten_minutes(database: Database, account_id: UUID) -> None:
    assert stored(database, *[plan(account_id, PHONE)] * 12) == [False] * MOST + [True] * 2
    assert stored(database, plan(account_id, "+48600100201", PHONE)) == [True]
    assert stored(database, plan(account_id, "+48600100201"), plan(account_id, PHONE, lane=Lane.TRANSACTIONAL)) == [
        False, False,
    ]  # fmt: skip
    assert stored(database, plan(account_id, PHONE), now=NOW + WITHIN - timedelta(seconds=1)) == [True]
    assert stored(database, plan(account_id, PHONE), now=NOW + WITHIN) == [False]
    with database.transaction() as session:
        used = session.scalar(text("SELECT used FROM quota_leases WHERE account_id = :a"), {"a": account_id})
        code_rates.forget_old(cursor_of(session), NOW + WITHIN * 2)
        left = session.scalar(text("SELECT count(*) FROM code_rates"))
    assert (used, left) == (MOST + 3, 0)


def test_a_codes_text_goes_along_and_is_kept_for_who_tries_it_again(database: Database, account_id: UUID) -> None:
    code, other = plan(account_id, PHONE), plan(account_id, PHONE, lane=Lane.TRANSACTIONAL)
    stored(database, code, other)
    with database.transaction() as session:
        bodies = session.scalars(text("SELECT body FROM outbox WHERE routing_key LIKE 'lane.sms.%' ORDER BY 1")).all()
        batches = [batch for body in bodies for batch in orjson.loads(bytes(body))["batches"]]
        kept = [contents.content(session, batch["content_hash"]) for batch in batches]

    assert [batch.get("content") for batch in batches if "content" in batch] == [code.content]
    assert [(each.content, each.sender) for each in kept if each] == [(code.content, "Wici")] * 2


def test_ten_are_ten_over_all_who_count_at_once(database: Database, account_id: UUID) -> None:
    other = "+48600100201"

    def send(number: int) -> Any:
        both = (PHONE, other) if number % 2 else (other, PHONE)
        return stored(database, *(plan(account_id, each) for each in both))

    with ThreadPoolExecutor(8) as threads:
        answers = [answer for some in threads.map(send, range(16)) for answer in some]
    assert answers.count(False) == 2 * MOST


@given(st.integers(0, 30), st.integers(0, 1200))
def test_a_window_ends_and_says_when(codes: int, seconds: int) -> None:
    wait = Window(NOW, codes).wait(NOW + timedelta(seconds=seconds))
    assert wait == (max(0, 600 - seconds) if codes >= MOST else 0)
