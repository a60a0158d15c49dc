"""What people did with messages, and the history of the less usual states: inserted once, whatever comes again."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from chassis.database import cursor_of
from contracts.vocabulary import Engagement
from reporting.domain import ENGAGEMENT_CODE
from reporting.folding import CLICKED, Deed, Step, moment_of

_INSERT_DEEDS = """
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
_INSERT_STEPS = """
INSERT INTO state_history (message_id, at, state, account_id, campaign_id, code, detail)
SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::smallint[], %s::uuid[], %s::uuid[], %s::text[], %s::text[])
ON CONFLICT DO NOTHING
"""


def write_deeds(session: Session, deeds: Mapping[tuple[str, str], Deed]) -> list[Deed]:
    """Insert what is new of `deeds`, and return that."""
    if not deeds:
        return []
    rows = [deeds[key] for key in sorted(deeds)]
    links = {(deed.account_id, deed.link_id): deed.url for deed in rows if deed.link_id is not None}
    with cursor_of(session) as cursor:
        if links:
            keys = sorted(links)
            cursor.execute(
                _INSERT_LINKS, ([key[0] for key in keys], [key[1] for key in keys], [links[key] for key in keys])
            )
        cursor.execute(
            _INSERT_DEEDS,
            (
                [deed.message_id for deed in rows],
                [deed.event_id for deed in rows],
                [deed.account_id for deed in rows],
                [deed.campaign_id for deed in rows],
                [deed.link_id for deed in rows],
                [deed.at for deed in rows],
                [deed.kind for deed in rows],
                [deed.device for deed in rows],
                [deed.ip for deed in rows],
                [deed.user_agent for deed in rows],
            ),
        )
        return [deeds[key] for key in cursor.fetchall()]


def first_clicks(session: Session, new: list[Deed]) -> set[tuple[str, str]]:
    """Of clicks that were just inserted: keys of those that are the first of their message on their link."""
    clicks = sorted(
        (deed for deed in new if deed.kind == CLICKED and deed.link_id is not None),
        key=lambda deed: (deed.message_id, deed.event_id),
    )
    if not clicks:
        return set()
    message_ids = sorted({deed.message_id for deed in clicks})
    with cursor_of(session) as cursor:
        bounds = (message_ids[0], message_ids[-1])
        cursor.execute(_CLICKS, (message_ids, *bounds, ENGAGEMENT_CODE[Engagement.CLICKED]))
        inserted = {(deed.message_id, deed.event_id) for deed in clicks}
        known = {
            (message_id, link_id)
            for message_id, link_id, event_id in cursor.fetchall()
            if (message_id, event_id) not in inserted
        }
    firsts: set[tuple[str, str]] = set()
    for deed in clicks:
        if (deed.message_id, deed.link_id) not in known:
            known.add((deed.message_id, deed.link_id))
            firsts.add((deed.message_id, deed.event_id))
    return firsts


def write_steps(session: Session, steps: Mapping[tuple[str, int, int], Step]) -> None:
    """Insert lines of the history; those that are there already stay as they are."""
    if not steps:
        return
    keys = sorted(steps)
    with cursor_of(session) as cursor:
        cursor.execute(
            _INSERT_STEPS,
            (
                [message_id for message_id, _, _ in keys],
                [moment_of(at) for _, at, _ in keys],
                [state for _, _, state in keys],
                [steps[key].account_id for key in keys],
                [steps[key].campaign_id for key in keys],
                [steps[key].code for key in keys],
                [steps[key].detail for key in keys],
            ),
        )
