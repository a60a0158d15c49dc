"""Contents of single sends from before 0025 are swept as the others: their sends get the sender, and they a time.

By thousands, each committed by itself, while the service runs; broken off it begins anew and finds less to do. Texts of
campaigns are templates, and kept for ever: those of single messages alone are `literal`. What still waits to leave with
one puts its sweep off (`store.contents`).
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Connection, text

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

AT_ONCE = 5_000
_SENDERS = text(
    "WITH batch AS MATERIALIZED (SELECT send_id, content_hash, sender FROM sends"
    " WHERE send_id > CAST(:after AS uuid) ORDER BY send_id LIMIT :limit),"
    " filled AS (UPDATE sends s SET sender = c.sender FROM batch JOIN contents c USING (content_hash)"
    " WHERE s.send_id = batch.send_id AND batch.sender IS NULL)"
    " SELECT send_id::text FROM batch ORDER BY send_id DESC LIMIT 1"
)
_TIMES = text(
    "WITH batch AS MATERIALIZED (SELECT content_hash FROM contents WHERE content_hash > :after"
    " ORDER BY content_hash LIMIT :limit),"
    " timed AS (UPDATE contents c SET keep_until = now() + interval '1 day' FROM batch"
    " WHERE c.content_hash = batch.content_hash AND c.keep_until IS NULL AND c.content ->> 'literal' = 'true')"
    " SELECT content_hash FROM batch ORDER BY content_hash DESC LIMIT 1"
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        _walk(connection, _SENDERS, "00000000-0000-0000-0000-000000000000")
        _walk(connection, _TIMES, "")


def _walk(connection: Connection, statement: Any, after: str | None) -> None:
    while after is not None:
        after = connection.scalar(statement, {"after": after, "limit": AT_ONCE})


def downgrade() -> None:
    """What was filled in is right for an older release too."""
