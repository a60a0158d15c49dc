"""What people did with messages, and the history of the less usual states: inserted once, whatever comes again."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from chassis.database import columns, cursor_of
from reporting.domain.folding import CLICKED, Engagement, HistoryLine, moment_of

_INSERT_ENGAGEMENTS = """
INSERT INTO engagements (message_id, event_id, account_id, campaign_id, link_id, at, kind, device, ip, user_agent)
SELECT message_id, event_id, account_id, campaign_id, link_id, to_timestamp(at / 1e6::float8), kind, device, ip,
    user_agent
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[], %s::smallint[], %s::text[],
    %s::text[], %s::text[])
    AS t (message_id, event_id, account_id, campaign_id, link_id, at, kind, device, ip, user_agent)
ON CONFLICT DO NOTHING
RETURNING message_id::text, event_id
"""
_INSERT_LINKS = """
INSERT INTO links (account_id, link_id, url) SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[])
ON CONFLICT DO NOTHING
"""
_CLICKS = """
SELECT message_id::text, link_id::text, event_id FROM engagements
WHERE message_id = ANY(%s::uuid[]) AND message_id BETWEEN %s::uuid AND %s::uuid AND kind = %s AND link_id IS NOT NULL
"""
_INSERT_HISTORY = """
INSERT INTO state_history (message_id, at, state, account_id, campaign_id, code, detail)
SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::smallint[], %s::uuid[], %s::uuid[], %s::text[], %s::text[])
ON CONFLICT DO NOTHING
"""


def write_engagements(session: Session, engagements: Mapping[tuple[str, str], Engagement]) -> list[Engagement]:
    """Insert those of `engagements` that are new, and return these."""
    if not engagements:
        return []
    sorted_ones = [engagements[key] for key in sorted(engagements)]
    links = {(one.account_id, one.link_id): one.url for one in sorted_ones if one.link_id is not None}
    with cursor_of(session) as cursor:
        if links:
            cursor.execute(_INSERT_LINKS, columns([(*key, links[key]) for key in sorted(links)], 3))
        rows = [
            (
                *(one.message_id, one.event_id, one.account_id, one.campaign_id, one.link_id),
                *(one.at, one.kind, one.device, one.ip, one.user_agent),
            )
            for one in sorted_ones
        ]
        cursor.execute(_INSERT_ENGAGEMENTS, columns(rows, 10))
        return [engagements[key] for key in cursor.fetchall()]


def first_clicks(session: Session, new: list[Engagement]) -> set[tuple[str, str]]:
    """Of clicks that were just inserted: keys of those that are the first of their message on their link."""
    clicks = sorted(
        (click for click in new if click.kind == CLICKED and click.link_id is not None),
        key=lambda click: (click.message_id, click.event_id),
    )
    if not clicks:
        return set()
    message_ids = sorted({click.message_id for click in clicks})
    with cursor_of(session) as cursor:
        cursor.execute(_CLICKS, (message_ids, message_ids[0], message_ids[-1], CLICKED))
        inserted = {(click.message_id, click.event_id) for click in clicks}
        clicked = {
            (message_id, link_id)
            for message_id, link_id, event_id in cursor.fetchall()
            if (message_id, event_id) not in inserted
        }
    firsts: set[tuple[str, str]] = set()
    for click in clicks:
        if (click.message_id, click.link_id) not in clicked:
            clicked.add((click.message_id, click.link_id))
            firsts.add((click.message_id, click.event_id))
    return firsts


def write_history(session: Session, history: Mapping[tuple[str, int, int], HistoryLine]) -> None:
    """Insert lines of the history; those that are there already stay as they are."""
    if not history:
        return
    rows = [
        (message_id, moment_of(at), state, line.account_id, line.campaign_id, line.code, line.detail)
        for (message_id, at, state), line in sorted(history.items(), key=lambda item: item[0])
    ]
    with cursor_of(session) as cursor:
        cursor.execute(_INSERT_HISTORY, columns(rows, 7))
