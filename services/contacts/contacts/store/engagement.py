"""What became of campaigns' messages: columns of contact ids, kept as they came (see the migration for the form).

Rows are only ever added, merged (those of one campaign, channel, kind and day) and dropped; one contact is taken out of
them by rewriting the columns that it stands in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis.database import changed, cursor_of
from chassis.ids import new_id
from contacts.domain.rule_terms import ENGAGEMENTS
from contacts.store import frequency_caps

# A column of so many ids is not worth rewriting to spare a row.
WHOLE = 5_000
MERGED_AT_ONCE = 200

# With a lock that the erasure of an account waits for, so that nothing is added to one that is going.
_KNOWN = "SELECT account_id::text FROM accounts WHERE account_id = ANY(%s::uuid[]) ORDER BY account_id FOR KEY SHARE"
_ADD = f"""
INSERT INTO engagement (id, account_id, campaign_id, channel, kind, day, loose, contact_ids)
VALUES (%(id)s, %(account_id)s, %(campaign_id)s, %(channel)s, %(kind)s, %(day)s, cardinality(%(ids)s::uuid[]) < {WHOLE},
    %(ids)s::uuid[])
"""
_MERGE = f"""
WITH crowded AS (
    SELECT account_id, campaign_id, channel, kind, day FROM engagement WHERE loose AND day < :today
    GROUP BY 1, 2, 3, 4, 5 LIMIT {MERGED_AT_ONCE}
),
gone AS (
    DELETE FROM engagement e USING crowded c WHERE e.loose AND e.day = c.day AND e.account_id = c.account_id
        AND e.campaign_id = c.campaign_id AND e.kind = c.kind AND e.channel IS NOT DISTINCT FROM c.channel
    RETURNING e.*
)
INSERT INTO engagement (id, account_id, campaign_id, channel, kind, day, loose, contact_ids)
SELECT gen_random_uuid(), account_id, campaign_id, channel, kind, day, false, array_agg(one)
FROM gone CROSS JOIN LATERAL unnest(contact_ids) one GROUP BY account_id, campaign_id, channel, kind, day
"""


def add(session: Session, columns: Sequence[Any]) -> None:
    """Add columns as a lane message has them (`contracts.lanes.EngagementColumn`); those of unknown accounts are not.

    The lists of ids go from the message into the database as they are.
    """
    if not columns:
        return
    with cursor_of(session) as cursor:
        cursor.execute(_KNOWN, (list({column["account_id"] for column in columns}),))
        known = {account_id for (account_id,) in cursor.fetchall()}
        of_known = [column for column in columns if column["account_id"] in known]
        frequency_caps.add_sends(cursor, [one for one in of_known if one["kind"] in frequency_caps.SENT_KINDS])
        # A statement each, in a pipeline: a list in a list of lists would be read three times.
        cursor.executemany(
            _ADD,
            [
                {"channel": None, **column, "id": new_id(), "ids": "{" + column["contact_ids"] + "}"}
                for column in of_known
                if column["kind"] in ENGAGEMENTS
            ],
        )


def merge_past_days(session: Session, today: date) -> int:
    """Merge what came in small pieces on days that are over; returns how many columns were made of it."""
    _lock(session)
    return changed(session, _MERGE, today=today)


def drop_before(session: Session, day: date) -> int:
    return changed(session, "DELETE FROM engagement WHERE day < :day", day=day)


def erase_engagement(session: Session, account_id: UUID, contact_ids: Sequence[UUID]) -> int:
    """Take contacts out of everything that is recorded of them; returns how many columns held them."""
    if not contact_ids:
        return 0
    _lock(session)
    frequency_caps.forget(session, account_id=account_id, contact_ids=contact_ids)
    return changed(
        session,
        "UPDATE engagement SET contact_ids = ARRAY(SELECT one FROM unnest(contact_ids) one WHERE one <> ALL(:ids))"
        " WHERE account_id = :account AND contact_ids && CAST(:ids AS uuid[])",
        account=account_id,
        ids=list(contact_ids),
    )


def engagement_of(session: Session, account_id: UUID, contact_id: UUID) -> list[RowMapping]:
    """What is known of one contact: `campaign_id`, `kind`, `day` (UTC) and `times`, the oldest first."""
    return list(
        session.execute(
            text(
                "SELECT campaign_id, kind, day, sum(cardinality(array_positions(contact_ids, :contact))) AS times"
                " FROM engagement WHERE account_id = :account AND contact_ids && ARRAY[CAST(:contact AS uuid)]"
                " GROUP BY 1, 2, 3 ORDER BY 3, 1, 2"
            ),
            {"account": account_id, "contact": contact_id},
        ).mappings()
    )


def _lock(session: Session) -> None:
    """One at a time merges or erases: what is being merged would be missed by an erasure."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('engagement'))"))
