"""Variants of a campaign side by side: which message has which is read off the recipients' numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from chassis.database import Database
from reporting.ingester.writing import Ingest
from reporting.usecases.variants import count_variants

from ..factories import Send


def counted(database: Database, send: Send, account_id: str, **split: int) -> list[dict[str, int]]:
    actor: Any = {"account_id": account_id}
    asked = {"campaign_id": UUID(send.campaign_id), **split}
    with database.transaction() as session:
        answer = count_variants(session, actor=actor, now=datetime.now(UTC), **asked)
    counts: list[dict[str, int]] = answer["variants"]
    return counts


@pytest.mark.parametrize(
    ("split", "variant_by_number"),
    [
        ({"variants": 2, "each": 5, "block": 2}, "AABBAABBAB"),
        ({"variants": 3, "each": 2, "block": 1}, "ABCABC"),
        ({"variants": 2, "each": 7, "block": 5}, "AAAAABBBBBAABB"),
    ],
)
def test_each_number_counts_for_its_variant_and_who_is_not_in_the_test_for_none(
    database: Database, split: dict[str, int], variant_by_number: str
) -> None:
    send = Send("email")
    everybody = range(1, len(variant_by_number) + 4)
    events = [send.full(number, "delivered" if number % 4 else "hard_bounced") for number in everybody]
    events += [send.engagement(number, "clicked", url="https://example.com/") for number in everybody if number % 3]
    Ingest(database, hold_seconds=0).write([events])

    counts = counted(database, send, send.account_id, **split)
    for place, one in enumerate(counts):
        numbers = [number for number, of in enumerate(variant_by_number, 1) if "ABC"[place] == of]
        assert one["sent"] == len(numbers)
        assert one["delivered"] == sum(number % 4 > 0 for number in numbers)
        assert one["clicked"] == one["opened"] == sum(number % 4 > 0 and number % 3 > 0 for number in numbers)


def test_nobody_counts_another_accounts(database: Database) -> None:
    send = Send("sms")
    Ingest(database).write([[send.full(number, "delivered") for number in range(1, 11)]])
    split = {"variants": 2, "each": 5, "block": 1}
    assert sum(one["delivered"] for one in counted(database, send, send.account_id, **split)) == 10
    nothing = counted(database, send, str(UUID(int=7)), **split)
    assert nothing == [dict.fromkeys(nothing[0], 0)] * 2
