"""Mails that are handed in at once are stored at once: as if each came by itself, with a handful of statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from channel.single_sends import SingleSends
from chassis.database import Database
from chassis.ids import new_id
from contracts.errors import WiciError
from email_gateway import exceptions
from email_gateway.content import received
from email_gateway.domain.sends import To
from email_gateway.usecases import submissions
from email_gateway.usecases.submissions import Submission

from .asking import DOMAIN
from .conftest import states
from .partners import MAIL, Partner, new_partner

SENDER = f"sklep@{DOMAIN}"


@pytest.fixture
def partner(database: Database) -> Partner:
    made = new_partner(database)
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO quota_leases (reservation_id, account_id, granted, used_at, opened_at)"
                " VALUES (:id, :account, 100000, now() + interval '1 day', now() + interval '1 day')"
            ),
            {"id": new_id(), "account": made.account_id},
        )
    return made


def submitted(database: Database, partner: Partner, *addresses: str) -> Submission:
    login = submissions.log_in(database, username=partner.username, password=partner.password, address="127.0.0.1")
    trace = new_id().hex
    way = {"received": b" by us", "trace": trace, "at": 0, "says_utf8": False}
    mail = received.read(MAIL, account_id=partner.account_id, **way)  # type: ignore[arg-type]
    return submissions.plan(mail, login=login, envelope_from=SENDER, recipients=addresses, trace_id=trace)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def counting(self: Any, query: Any, *given: Any, **more: Any) -> Any:
        sent.append(str(query))
        return execute(self, query, *given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counting)
        yield sent


def test_a_hundred_mails_take_as_many_statements_as_one(
    database: Database, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []
    for mails in (1, 100):
        plans = [submitted(database, partner, f"a{n}@poczta.example", "ola@poczta.example") for n in range(mails)]
        with counted(monkeypatch) as sent, database.transaction() as session:
            answers = submissions.store_submissions(session, plans)
        assert [[to["to"] for to in answer["messages"]] for answer in answers] == [
            [to.address for to in plan.recipients] for plan in plans
        ]
        used.append(sent)
    assert len(used[0]) == len(used[1]) <= 13, used[1]
    assert states(database, partner.account_id) == {"accepted": 202}
    with database.transaction() as session:
        for table, rows in (
            ("blobs", 101),
            ("contents", 1 + 101),
            ("outbox", 2 + 3),
        ):  # one of events, and of batches one for 500 recipients at most
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == rows
        # What is used is of a minute, which may have ended between the two.
        assert session.scalar(text("SELECT used FROM smtp_accounts")) in (200, 202)


def test_a_mail_that_the_database_refuses_harms_no_other_and_is_found_by_halves(
    database: Database, partner: Partner
) -> None:
    plans = [submitted(database, partner, f"a{n}@poczta.example") for n in range(64)]
    plans[41] = replace(plans[41], recipients=[To("nul\0@poczta.example")])
    turns = []

    def store(session: Any, some: Any) -> Any:
        turns.append(len(some))
        return submissions.store_submissions(session, some)

    answers = SingleSends(database, None, store).send(plans)  # type: ignore[arg-type]

    assert [number for number, answer in enumerate(answers) if isinstance(answer, Exception)] == [41]
    assert len(turns) == 1 + 2 * 6  # two halves of each: 32, 16, 8, 4, 2, 1
    assert states(database, partner.account_id) == {"accepted": 63}


def test_who_is_blocked_after_the_log_in_gets_nothing_either(database: Database, partner: Partner) -> None:
    to_jan, to_ola = submitted(database, partner, "Jan@x.example"), submitted(database, partner, "ola@x.example")
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO smtp_blocked (blocked_id, smtp_account_id, address, account_id)"
                " VALUES (:id, :smtp_account_id, 'jan@x.example', :account_id)"
            ),
            {"id": new_id(), "smtp_account_id": to_jan.login.smtp_account_id, "account_id": partner.account_id},
        )

    with database.transaction() as session:
        refused, kept = submissions.store_submissions(session, [to_jan, to_ola])

    assert refused.code == exceptions.address_blocked().code
    assert not isinstance(kept, WiciError)
