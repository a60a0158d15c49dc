"""What a mail server says of a mailbox in the session counts towards its being gone, as a bounce afterwards does."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from channel import settlement
from channel.batches import Batch, Header
from channel.outlets import Chunk
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from contracts.vocabulary import Lane
from email_gateway.batches import EmailMessage
from email_gateway.domain.mailroom import SoftRule
from email_gateway.domain.retrying import Result
from email_gateway.outbound.mail_outlet import conclude
from email_gateway.smtp.outcomes import Outcome
from email_gateway.store.ledger import EmailLedger

FULL = Outcome(Result.SOFT, "5.2.2", "mailbox full", is_of_mailbox=True)
BUSY = Outcome(Result.SOFT, "5.4.5", "too many", is_of_mailbox=False)


def settle(database: Database, account_id: str, outcome: Outcome, *addresses: str, rule: SoftRule) -> list[str]:
    """One mail to each address came back so; the states that they end in."""
    raw = {name: str(new_id()) for name in ("batch_id", "send_id", "campaign_id")}
    content: Any = SimpleNamespace(account_id=account_id, sender="a@sklep.example")
    header = Header({**raw, "account_id": account_id, "content_hash": "c"}, Lane.BULK)
    people = [{"number": n, "address": each, "contact_id": str(new_id())} for n, each in enumerate(addresses, 1)]
    chunk = Chunk(Batch(header, content, len(people)), None, people)
    messages = [EmailMessage(chunk, person, str(new_id()), existing=False, attempts=0) for person in people]
    for message in messages:
        conclude(message, outcome, datetime.now(UTC))
    with database.transaction() as session:
        settlement.settle(cursor_of(session), EmailLedger(rule), messages)
    return [str(message.state) for message in messages]


def archived(database: Database) -> set[str]:
    with database.transaction() as session:
        bodies = session.scalars(text("SELECT convert_from(body, 'UTF8') FROM outbox")).all()
        return {who for who in ("pelna@x.example", "druga@x.example") if any(f'"{who}"' in body for body in bodies)}


@pytest.mark.parametrize("times", [3, 0])
def test_a_mailbox_that_is_full_on_too_many_days_is_archived(database: Database, times: int) -> None:
    rule, account_id = SoftRule(times, 30), str(new_id())
    for day in range(3):
        assert archived(database) == set()
        both = ("pelna@x.example", "druga@x.example") if day else ("pelna@x.example",)
        assert set(settle(database, account_id, FULL, *both, rule=rule)) == {"soft_bounced"}, "what was said stays true"
        settle(database, account_id, FULL, *both, rule=rule)  # once a day is enough
        settle(database, str(new_id()), FULL, *both, rule=rule)  # other accounts have days of their own
        settle(database, account_id, BUSY, "druga@x.example", rule=rule)  # says nothing of the mailbox
        if day < 2:
            with database.transaction() as session:
                session.execute(text("UPDATE soft_bounces SET day = day - 1"))

    assert archived(database) == ({"pelna@x.example"} if times else set())
