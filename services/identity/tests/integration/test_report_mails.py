"""Reports by mail go to those of the account's own users who may read reports, once, in their language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from chassis.database import Database
from identity.hashing import Passwords
from identity.usecases import mail, users

FIELDS = {"name": "Zima 2026", "sent": 3, "delivered": 3}


def test_a_report_goes_once_to_users_of_the_account_who_may_read_reports(
    owner: dict[str, Any],
    register: Callable[..., Any],
    database: Database,
    passwords: Passwords,
    mails: Callable[[], list[dict[str, Any]]],
    clock: Any,
) -> None:
    stranger = register("obcy77")
    reader, other = (
        users.create_user(
            database, passwords=passwords, actor=owner, now=clock.now, login=login, name="", roles=[],
            email=f"{login}@example.com", password="trzy zielone parasole", permissions=(permission,),
        )["id"]
        for login, permission in (("czytelnik", "reports"), ("kontakty", "contacts"))
    )  # fmt: skip
    with database.transaction() as session:
        session.execute(text("UPDATE users SET email_confirmed_at = now(), language = 'en'"))
    due = {
        "event_id": uuid4(), "account_id": UUID(str(owner["account_id"])), "template": "report_campaign",
        "user_ids": [UUID(str(one)) for one in (reader, other, stranger["user_id"], uuid4())], "fields": FIELDS,
    }  # fmt: skip

    for _ in range(2):  # as the broker may
        with database.transaction() as session:
            mail.mail_report(session, due=due)

    told = [one for one in mails() if one["template"] == "report_campaign"]
    assert [(one["to"], one["language"]) for one in told] == [("czytelnik@example.com", "en")]
    assert told[0]["fields"] == {**FIELDS, "login": "czytelnik"}
