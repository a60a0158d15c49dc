"""Which contacts somebody looks for: words, groups, a segment, rules; all that is given must fit."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database import Session
from contacts.domain import phones
from contacts.store import audiences as audience_store
from contacts.store import groups as group_store
from contacts.store import people as people_store
from contacts.store import word_sql
from contacts.store.rule_sql import Filter
from contacts.usecases import segments

# What is looked for at the beginning.
_WORDED = ("email", "phone", "external_id", "first_name", "last_name", "company", "city")


def filter_of(
    session: Session,
    *,
    account_id: UUID,
    now: datetime,
    q: str | None = None,
    text: str | None = None,
    group_ids: list[UUID] | None = None,
    segment_id: UUID | None = None,
    rules: dict[str, Any] | None = None,
) -> Filter:
    """Nobody is in a group that is not there.

    :raises Invalid: a segment that is not there, or rules that cannot be read.
    """
    where: list[str] = []
    parameters: dict[str, Any] = {}
    if q:
        held, words = word_sql.holding(_words_of(session, account_id, q))
        where += held
        parameters.update(words)
    if text:
        where.append("(" + " OR ".join(f"starts_with(lower(c.{name}), :text)" for name in _WORDED) + ")")
        parameters["text"] = _plain(text).lower()
    if group_ids:
        where.append(audience_store.in_groups("groups"))
        parameters["groups"] = list(group_store.known(session, account_id=account_id, group_ids=group_ids))
    if segment_id is not None:
        members = segments.filter_of_segment(
            session, account_id=account_id, segment_id=segment_id, field="segment_id", now=now, prefix="segment_"
        )
        where.append(members.sql)
        parameters.update(members.parameters)
    if rules is not None:
        ruled = segments.compiled(session, account_id=account_id, rules=rules, now=now)
        where.append(ruled.sql)
        parameters.update(ruled.parameters)
    return Filter(" AND ".join(where) or "true", parameters)


def is_indexed(q: str | None) -> bool:
    """Whether an index finds who holds the words."""
    return any(len(word) >= word_sql.SHORTEST for word in _plain(q or "").split())


def is_blank(words: str) -> bool:
    """Whether nothing is looked for: as a search it finds everybody."""
    return not _plain(words)


def _plain(words: str) -> str:
    return words.replace("\0", "").strip()


def _words_of(session: Session, account_id: UUID, q: str) -> str:
    """The words to be found; a phone number is one word, however it is written."""
    q = _plain(q)
    return phones.part_of_number(q, people_store.region(session, account_id=account_id)) or q
