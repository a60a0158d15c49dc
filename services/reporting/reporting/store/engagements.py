"""What people did with messages, and the history of the less usual states: inserted once, whatever comes again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Generator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import columns, cursor_of
from reporting.domain.acts import Act
from reporting.domain.folding import CLICKED, OPENED, Engagement, HistoryLine, Patch, moment_of
from reporting.domain.machines import rule_of

ROWS_AT_ONCE = 2_000

_INSERT_ENGAGEMENTS = """
INSERT INTO engagements (message_id, event_id, account_id, campaign_id, link_id, at, kind, device, ip, user_agent,
    machine, is_told)
SELECT message_id, event_id, account_id, campaign_id, link_id, to_timestamp(at / 1e6::float8), kind, device, ip,
    user_agent, machine, false
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[], %s::smallint[], %s::text[],
    %s::text[], %s::text[], %s::text[])
    AS t (message_id, event_id, account_id, campaign_id, link_id, at, kind, device, ip, user_agent, machine)
ON CONFLICT DO NOTHING
RETURNING message_id::text, event_id
"""
_INSERT_LINKS = """
INSERT INTO links (account_id, link_id, url, number)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::smallint[])
ON CONFLICT DO NOTHING
"""
_ACTS = f"""
SELECT message_id::text, event_id, kind, (extract(epoch FROM at) * 1000000)::bigint, device, link_id::text, machine,
    is_told
FROM engagements
WHERE message_id = ANY(%s::uuid[]) AND message_id BETWEEN %s::uuid AND %s::uuid AND kind IN ({OPENED}, {CLICKED})
ORDER BY engagements.message_id
"""
_MARK_MACHINE = """
UPDATE engagements e SET machine = %s FROM unnest(%s::uuid[], %s::text[]) AS t (message_id, event_id)
WHERE e.message_id = t.message_id AND e.event_id = t.event_id AND e.message_id BETWEEN %s::uuid AND %s::uuid
"""
_AGENTS = f"""
SELECT message_id::text, event_id, user_agent FROM engagements
WHERE message_id = ANY(%s::uuid[]) AND message_id BETWEEN %s::uuid AND %s::uuid AND kind IN ({OPENED}, {CLICKED})
    AND machine IS NULL AND user_agent IS NOT NULL
"""
_INSERT_HISTORY = """
INSERT INTO state_history (message_id, at, state, account_id, campaign_id, code, detail, peer)
SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::smallint[], %s::uuid[], %s::uuid[], %s::text[], %s::text[],
    %s::text[])
ON CONFLICT DO NOTHING
"""


def write_engagements(session: Session, engagements: Mapping[tuple[str, str], Engagement]) -> list[Engagement]:
    """Insert those of `engagements` that are new, and return these."""
    if not engagements:
        return []
    sorted_ones = [engagements[key] for key in sorted(engagements)]
    links = {(one.account_id, one.link_id): (one.url, one.number) for one in sorted_ones if one.url is not None}
    with cursor_of(session) as cursor:
        if links:
            cursor.execute(_INSERT_LINKS, columns([(*key, *links[key]) for key in sorted(links)], 4))
        rows = [
            (
                *(one.message_id, one.event_id, one.account_id, one.campaign_id, one.link_id),
                *(one.at, one.kind, one.device, one.ip, one.user_agent, one.machine),
            )
            for one in sorted_ones
        ]
        cursor.execute(_INSERT_ENGAGEMENTS, columns(rows, 11))
        return [engagements[key] for key in cursor.fetchall()]


def acts_of(session: Session, message_ids: Collection[str]) -> Generator[tuple[str, dict[str, Act]]]:
    """All openings and clicks of these messages by event id, one message after the other in the order of their ids.

    However many there are, those of one message are in memory at a time, and `ROWS_AT_ONCE` on their way here.
    """
    if message_ids:
        with _streaming_cursor(session) as cursor:
            cursor.execute(_ACTS, (list(message_ids), min(message_ids), max(message_ids)))
            for message_id, rows in groupby(cursor, key=itemgetter(0)):
                yield message_id, {row[1]: Act(*row[1:]) for row in rows}


def _streaming_cursor(session: Session) -> psycopg.ServerCursor[Any]:
    cursor: psycopg.ServerCursor[Any] = session.connection().connection.cursor(name="acts")  # type: ignore[assignment]
    cursor.itersize = ROWS_AT_ONCE
    return cursor


def engaged_messages(session: Session, *, after: UUID, limit: int) -> dict[str, Patch]:
    """The next messages that were opened or clicked: for each, what every patch of it holds."""
    rows = session.execute(
        text(
            "SELECT m.message_id::text, m.account_id::text, m.campaign_id::text, m.channel FROM messages m JOIN ("
            f"SELECT DISTINCT message_id FROM engagements WHERE message_id > :after AND kind IN ({OPENED}, {CLICKED})"
            " ORDER BY message_id LIMIT :limit) e ON e.message_id = m.message_id"
        ),
        {"after": after, "limit": limit},
    )
    return {row.message_id: dict(row._mapping) for row in rows}


def mark_by_agents(session: Session, message_ids: Collection[str]) -> None:
    """Say of acts that stand as people's which of them a machine did by the name that it gave."""
    with cursor_of(session) as cursor:
        cursor.execute(_AGENTS, (list(message_ids), min(message_ids), max(message_ids)))
        keys_by_rule: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for message_id, event_id, user_agent in cursor.fetchall():
            rule = rule_of(user_agent, "")
            if rule is not None and rule.is_machine:
                keys_by_rule[rule.name].append((message_id, event_id))
    for name, keys in keys_by_rule.items():
        mark_machine(session, keys, name)


def mark_machine(session: Session, keys: Collection[tuple[str, str]], rule: str) -> None:
    """Say of these acts (message and event id) by which rule a machine did them."""
    if keys:
        with cursor_of(session) as cursor:
            least, greatest = min(keys)[0], max(keys)[0]
            cursor.execute(_MARK_MACHINE, (rule, *columns(sorted(keys), 2), least, greatest))


def write_history(session: Session, history: Mapping[tuple[str, int, int], HistoryLine]) -> None:
    """Insert lines of the history; those that are there already stay as they are."""
    if not history:
        return
    rows = [
        (message_id, moment_of(at), state, line.account_id, line.campaign_id, line.code, line.detail, line.peer)
        for (message_id, at, state), line in sorted(history.items(), key=lambda item: item[0])
    ]
    with cursor_of(session) as cursor:
        cursor.execute(_INSERT_HISTORY, columns(rows, 8))
