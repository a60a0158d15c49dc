"""Messages with openings or clicks that contacts has not heard of: told once it is plain that a person did them.

Who looks like a person may turn out to be a machine by what it does in the next seconds, and contacts takes nothing
back. A writer of the log adds a message here before it changes any of its acts, so it waits for who is telling of that
message; who tells passes by what a writer has in hand. So neither loses an act, and they never wait in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from uuid import uuid4

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis import outbox
from chassis.database import cursor_of
from contracts.lanes import ENGAGEMENT
from contracts.vocabulary import ERASED_ADDRESS

Place = tuple[str, str, str, str, str]
"""Account, campaign, channel, kind and day (ISO)."""

_ADD = """
INSERT INTO untold (message_id, account_id, due_at)
SELECT message_id, account_id, now() + make_interval(secs => %s)
FROM unnest(%s::uuid[], %s::uuid[]) AS t (message_id, account_id)
ON CONFLICT (message_id) DO UPDATE SET due_at = untold.due_at
"""
_TAKE = """
DELETE FROM untold WHERE message_id IN
    (SELECT message_id FROM untold WHERE due_at <= now() ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED)
RETURNING message_id::text
"""
_ADDRESSEES = """
SELECT message_id::text, account_id::text, campaign_id::text, channel, contact_id::text FROM messages
WHERE campaign_id IS NOT NULL AND address IS DISTINCT FROM :erased
    AND message_id = ANY(CAST(:ids AS uuid[]))
    AND message_id BETWEEN CAST(:least AS uuid) AND CAST(:greatest AS uuid)
"""
_MARK_TOLD = """
UPDATE engagements SET is_told = true WHERE message_id = ANY(CAST(:ids AS uuid[])) AND NOT is_told
    AND message_id BETWEEN CAST(:least AS uuid) AND CAST(:greatest AS uuid)
"""


def add(session: Session, account_by_message_id: Mapping[str, str], *, seconds: float) -> None:
    """Have these messages told of in so many seconds, or when they are due already."""
    message_ids = sorted(account_by_message_id)
    if message_ids:
        with cursor_of(session) as cursor:
            cursor.execute(_ADD, (seconds, message_ids, [account_by_message_id[one] for one in message_ids]))


def take_due(session: Session, limit: int) -> list[str]:
    """Ids of messages that are due, which are nobody else's until the transaction ends."""
    return list(session.scalars(text(_TAKE), {"limit": limit}))


def addressees(session: Session, message_ids: Collection[str]) -> dict[str, tuple[str, str, str, str | None]]:
    """Account, campaign, channel and contact (None: not known yet) by message id; who was erased is not among them."""
    rows = session.execute(text(_ADDRESSEES), _bound(message_ids) | {"erased": ERASED_ADDRESS})
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def mark_told(session: Session, message_ids: Collection[str]) -> None:
    if message_ids:
        session.execute(text(_MARK_TOLD), _bound(message_ids))


def tell(session: Session, done: Iterable[tuple[Place, str]]) -> None:
    """Tell contacts what people did.

    :param done: where (`Place`), and the contact; a contact as often as it happened.
    """
    contact_ids: defaultdict[Place, list[str]] = defaultdict(list)
    for place, contact_id in done:
        contact_ids[place].append(contact_id)
    if contact_ids:
        names = ("account_id", "campaign_id", "channel", "kind", "day")
        columns = [
            {**dict(zip(names, place, strict=True)), "contact_ids": ",".join(ids)} for place, ids in contact_ids.items()
        ]
        body = orjson.dumps({"v": 1, "batch_id": str(uuid4()), "columns": columns})
        outbox.record_lane(session, ENGAGEMENT, body)


def _bound(message_ids: Collection[str]) -> dict[str, object]:
    return {"ids": list(message_ids), "least": min(message_ids), "greatest": max(message_ids)}
