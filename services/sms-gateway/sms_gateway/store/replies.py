"""Answers that accounts give by themselves: to the first STOP of a person, and to keywords.

They are decided in the transaction that keeps the message, and sent by the service, which leases quota. Two automata
that answer each other stop at `MOST` within `WITHIN`; a STOP is confirmed all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text

from chassis import outbox
from chassis.database import Session, columns, cursor_of
from chassis.logs import get_logger
from contracts.events import SMS_KEYWORDS_WRITTEN, SMS_REPLIES_DUE
from sms_gateway.domain.keywords import Keyword, best
from sms_gateway.store import keywords

KEEP = "90 days"
MOST, WITHIN = 5, "1 hour"  # of one account's number to one phone
# A carrier that got no answer delivers a message again.
ONCE_WITHIN = "1 minute"

log = get_logger()


class Said(NamedTuple):
    """A message from a phone to an account; `number` is bare, `text` its beginning."""

    inbound_id: UUID
    account_id: UUID
    phone: str
    number: str
    text: str
    at: datetime


class Reply(NamedTuple):
    """`keyword_id`: of the keyword that it answers; None: a STOP."""

    said: Said
    text: str
    keyword_id: UUID | None = None

    @property
    def way(self) -> tuple[UUID, str, str]:
        return self.said.account_id, self.said.phone, self.said.number


def confirm_stops(cursor: Cursor[Any], said: Sequence[Said]) -> None:
    """:param said: STOPs of people who had not said it before, or have said START since."""
    texts = keywords.stop_texts(cursor, {each.account_id for each in said}) if said else {}
    _give(cursor, [Reply(each, texts[each.account_id]) for each in said if each.account_id in texts])


def answer_keywords(cursor: Cursor[Any], said: Sequence[Said]) -> None:
    """Answer what is a keyword of its account, and tell contacts whom it brings into a group."""
    known = keywords.of_accounts(cursor, {each.account_id for each in said}) if said else {}
    found = [(each, best(known.get(each.account_id, ()), each.text, each.number)) for each in said]
    written = [(each, keyword) for each, keyword in found if keyword is not None]
    _give(cursor, [Reply(each, keyword.answer, keyword.id) for each, keyword in written if keyword.answer])
    _tell_written(cursor, written)


def _tell_written(cursor: Cursor[Any], written: Sequence[tuple[Said, Keyword]]) -> None:
    people: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for each, keyword in written:
        if keyword.group_id is not None:
            people[each.account_id].append(
                {
                    "phone": each.phone,
                    "group_id": keyword.group_id,
                    "keyword": " ".join(keyword.phrase),
                    "grants_consent": keyword.grants_consent,
                    "written_at": each.at,
                }
            )
    for account_id, some in people.items():
        outbox.record_at(cursor, SMS_KEYWORDS_WRITTEN, account_id=account_id, people=some)


def _give(cursor: Cursor[Any], answers: Sequence[Reply]) -> None:
    _one_at_a_time(cursor, {each.way for each in answers})
    given = _given_lately(cursor, {each.way for each in answers})
    replies: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    rows = []
    for each in answers:
        if each.keyword_id is not None and (len(given[each.way]) >= MOST or (each.keyword_id, True) in given[each.way]):
            log.warning("reply_left_out", account_id=str(each.said.account_id), inbound_id=str(each.said.inbound_id))
            continue
        if each.keyword_id is not None:
            given[each.way].append((each.keyword_id, True))
        rows.append((each.said.inbound_id, *each.way, each.keyword_id))
        replies[each.said.account_id].append(
            {
                "inbound_id": each.said.inbound_id,
                "phone": each.said.phone,
                "number": each.said.number,
                "text": each.text,
            }
        )
    if rows:
        cursor.execute(
            "INSERT INTO inbound_replies (inbound_id, account_id, phone, number, keyword_id)"
            " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::uuid[])",
            columns(rows, 5),
        )
    for account_id, some in replies.items():
        outbox.record_at(cursor, SMS_REPLIES_DUE, account_id=account_id, replies=some)


def _one_at_a_time(cursor: Cursor[Any], ways: Collection[tuple[UUID, str, str]]) -> None:
    """Until this transaction ends. A carrier that gives no id may deliver one message to two processes at once: the
    second of them waits, and then sees what the first has answered."""
    if ways:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('reply:' || key, 0)) FROM unnest(%s::text[]) AS key",
            (sorted(":".join(map(str, way)) for way in ways),),
        )


def _given_lately(
    cursor: Cursor[Any], asked: Collection[tuple[UUID, str, str]]
) -> dict[tuple[UUID, str, str], list[tuple[UUID, bool]]]:
    """The keywords answered on each way, and whether just now."""
    found: dict[tuple[UUID, str, str], list[tuple[UUID, bool]]] = defaultdict(list)
    if asked:
        cursor.execute(
            "SELECT account_id, phone, number, r.keyword_id, r.made_at > now() - interval '" + ONCE_WITHIN + "'"
            " FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS a(account_id, phone, number)"
            " JOIN inbound_replies r USING (account_id, phone, number)"
            f" WHERE r.keyword_id IS NOT NULL AND r.made_at > now() - interval '{WITHIN}'",
            columns(sorted(asked), 3),
        )
        for account_id, phone, number, keyword_id, is_just_now in cursor.fetchall():
            found[account_id, phone, number].append((keyword_id, is_just_now))
    return found


def note_sent(session: Session, account_id: UUID, message_ids: Mapping[UUID, UUID]) -> None:
    """By the id of the message that was answered, that of the answer."""
    cursor_of(session).execute(
        "UPDATE inbound_replies r SET message_id = u.message_id"
        " FROM unnest(%s::uuid[], %s::uuid[]) AS u(inbound_id, message_id)"
        " WHERE r.inbound_id = u.inbound_id AND r.account_id = %s",
        (list(message_ids), list(message_ids.values()), account_id),
    )


def forget_old(cursor: Cursor[Any]) -> None:
    cursor.execute(f"DELETE FROM inbound_replies WHERE made_at < now() - interval '{KEEP}'")


def forget(session: Session, *, account_id: UUID, addresses: Collection[str]) -> None:
    """Take a person out."""
    session.execute(
        text("DELETE FROM inbound_replies WHERE account_id = :account AND phone = ANY(:addresses)"),
        {"account": account_id, "addresses": list(addresses)},
    )
