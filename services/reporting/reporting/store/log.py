"""Writing the message log: patches in, and out comes how many messages went from which standing to which.

All of one transaction's writing to the log is one statement a day. It is safe because the writer holds the advisory
locks of the campaigns that it writes (`lock`), so nobody else changes or adds these messages meanwhile: no row locks,
no conflicts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zlib import crc32

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis import waking
from chassis.database import cursor_of
from chassis.outbox import OUTBOX
from reporting.domain.counting import Origin, Standing
from reporting.domain.folding import Patch, day_of, hour_of
from reporting.domain.states import HANDED_OVER_CODES, STATE_OF_CODE
from reporting.store.engagement_lane import ENGAGEMENT_MESSAGE

LOCK_SPACE = 0x7265_70  # "rep": keeps these advisory locks apart from others
LOCK_SHARDS = 1024
EVERYTHING = LOCK_SHARDS  # shared by every writer, held alone by an erasure

PATCH_COLUMNS = (
    "message_id, account_id, campaign_id, contact_id, channel, hour, address, sender, domain, parts, cost, state,"
    " state_at, submitted_at, delivered_at, code, detail, peer, opens, clicks, machine_opens, machine_clicks,"
    " opened_at, clicked_at, unsubscribed_at, complained_at"
)
_COLUMNS = PATCH_COLUMNS.split(", ")
_TABS = len(_COLUMNS) - 1
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
# Openings and clicks are counted anew from all of the message's acts, and replace what the log has of them.
_OF_ACTS = ("opens", "clicks", "machine_opens", "machine_clicks", "opened_at", "clicked_at")
_OF_PEOPLE = (*_OF_ACTS, "unsubscribed_at", "complained_at")
_NOT_ENGAGED = "\t" * (len(_OF_PEOPLE) - 1) + "\n"

_CREATE_PATCHES = """
CREATE TEMPORARY TABLE IF NOT EXISTS patches (
    message_id uuid, account_id uuid, campaign_id uuid, contact_id uuid, channel text COLLATE "C",
    hour timestamp,
    address text COLLATE "C", sender text COLLATE "C", domain text COLLATE "C", parts integer, cost integer,
    state smallint, state_at bigint, submitted_at bigint, delivered_at bigint,
    code text COLLATE "C", detail text COLLATE "C", peer text COLLATE "C", opens integer, clicks integer,
    machine_opens integer, machine_clicks integer, opened_at bigint, clicked_at bigint, unsubscribed_at bigint,
    complained_at bigint
) ON COMMIT DELETE ROWS
"""

_HANDED_OVER = ", ".join(map(str, HANDED_OVER_CODES))


_ROW = PATCH_COLUMNS.replace(" hour,", "")


def _moment(column: str) -> str:
    return f"to_timestamp(p.{column} / 1e6::float8)"


def hour_of_id(column: str) -> str:
    """The hour (UTC, without a zone) of a message id, in SQL; too slow for the hot path, which is given it."""
    millis = f"('x' || translate(left({column}::text, 13), '-', ''))::bit(48)::bigint"
    return f"date_trunc('hour', to_timestamp({millis} / 1000) AT TIME ZONE 'UTC')"


def sent_hour(row: str) -> str:
    """When a message was handed over, cut to the hour; null when it was not."""
    return (
        f"CASE WHEN {row}submitted_at IS NOT NULL THEN date_bin('1 hour', {row}submitted_at, 'epoch')"
        f" WHEN {row}state IN ({_HANDED_OVER}) THEN date_bin('1 hour', {row}state_at, 'epoch') END"
    )


# A state replaces another only with a higher rank; of two of the same rank the earlier stands, whichever came first.
_MERGE = f"""
WITH merged AS MATERIALIZED (
    SELECT p.message_id, p.hour, COALESCE(m.account_id, p.account_id) AS account_id,
        CASE WHEN m.message_id IS NULL THEN p.campaign_id ELSE m.campaign_id END AS campaign_id,
        COALESCE(m.channel, p.channel) AS channel,
        m.message_id IS NULL AS is_new, m.ctid AS place,
        m.state AS old_state, m.state_at AS old_state_at, m.submitted_at AS old_submitted_at, m.domain AS old_domain,
        m.parts AS old_parts, m.cost AS old_cost,
        w.wins, CASE WHEN w.wins THEN p.state ELSE m.state END AS state,
        CASE WHEN w.wins THEN {_moment("state_at")} ELSE m.state_at END AS state_at,
        CASE WHEN w.wins THEN p.code ELSE m.code END AS code,
        CASE WHEN w.wins THEN p.detail ELSE m.detail END AS detail,
        CASE WHEN w.wins THEN p.peer ELSE m.peer END AS peer,
        LEAST(m.submitted_at, {_moment("submitted_at")}) AS submitted_at,
        LEAST(m.delivered_at, {_moment("delivered_at")}) AS delivered_at,
        GREATEST(m.contact_id, p.contact_id) AS contact_id, GREATEST(m.address, p.address) AS address,
        GREATEST(m.sender, p.sender) AS sender, GREATEST(m.domain, p.domain) AS domain,
        GREATEST(m.parts, p.parts) AS parts, GREATEST(m.cost, p.cost) AS cost,
        m.opens AS old_opens, m.clicks AS old_clicks, m.opened_at AS old_opened_at, m.clicked_at AS old_clicked_at,
        m.machine_opens AS old_machine_opens, m.machine_clicks AS old_machine_clicks,
        m.unsubscribed_at AS old_unsubscribed_at, m.complained_at AS old_complained_at, m.contact_id AS old_contact_id,
        COALESCE(p.opens, m.opens, 0) AS opens, COALESCE(p.clicks, m.clicks, 0) AS clicks,
        COALESCE(p.machine_opens, m.machine_opens, 0) AS machine_opens,
        COALESCE(p.machine_clicks, m.machine_clicks, 0) AS machine_clicks,
        CASE WHEN p.opens IS NULL THEN m.opened_at ELSE {_moment("opened_at")} END AS opened_at,
        CASE WHEN p.opens IS NULL THEN m.clicked_at ELSE {_moment("clicked_at")} END AS clicked_at,
        LEAST(m.unsubscribed_at, {_moment("unsubscribed_at")}) AS unsubscribed_at,
        LEAST(m.complained_at, {_moment("complained_at")}) AS complained_at
    FROM patches p LEFT JOIN {{partition}} m ON m.message_id = p.message_id
    CROSS JOIN LATERAL (SELECT p.state IS NOT NULL AND (m.state IS NULL OR p.state / 10 > m.state / 10
        OR p.state / 10 = m.state / 10 AND ({_moment("state_at")}, p.state) < (m.state_at, m.state)) AS wins OFFSET 0) w
    WHERE p.hour >= %(day)s::date AND p.hour < %(day)s::date + 1
),
inserted AS (
    INSERT INTO {{partition}} ({_ROW})
    SELECT {_ROW}
    FROM merged WHERE is_new
),
updated AS (
    UPDATE {{partition}} m SET contact_id = c.contact_id, address = c.address, sender = c.sender, domain = c.domain,
        parts = c.parts, cost = c.cost, state = c.state, state_at = c.state_at, submitted_at = c.submitted_at,
        delivered_at = c.delivered_at, code = c.code, detail = c.detail, peer = c.peer, opens = c.opens,
        clicks = c.clicks, machine_opens = c.machine_opens, machine_clicks = c.machine_clicks, opened_at = c.opened_at,
        clicked_at = c.clicked_at, unsubscribed_at = c.unsubscribed_at, complained_at = c.complained_at
    FROM merged c
    WHERE NOT c.is_new AND m.ctid = c.place
        AND (m.state, m.state_at, m.submitted_at, m.delivered_at, m.opens, m.clicks, m.machine_opens, m.machine_clicks,
            m.opened_at, m.clicked_at, m.unsubscribed_at, m.complained_at, m.contact_id, m.address, m.sender, m.domain,
            m.parts, m.cost)
        IS DISTINCT FROM (c.state, c.state_at, c.submitted_at, c.delivered_at, c.opens, c.clicks, c.machine_opens,
            c.machine_clicks, c.opened_at, c.clicked_at, c.unsubscribed_at, c.complained_at, c.contact_id, c.address,
            c.sender, c.domain, c.parts, c.cost)
),
{ENGAGEMENT_MESSAGE}
SELECT account_id, campaign_id, channel, hour, is_new,
    old_state, date_bin('1 hour', old_state_at, 'epoch') AS old_state_hour, {sent_hour("old_")} AS old_sent_hour,
    old_domain, state, date_bin('1 hour', state_at, 'epoch') AS state_hour, {sent_hour("")} AS sent_hour, domain,
    count(*), sum(old_parts), sum(parts), sum(old_cost), sum(cost), sum(old_opens), sum(opens), count(old_opened_at),
    count(opened_at), sum(old_clicks), sum(clicks), count(old_clicked_at), count(clicked_at),
    count(old_unsubscribed_at), count(unsubscribed_at), count(old_complained_at), count(complained_at),
    sum(old_machine_opens), sum(machine_opens), sum(old_machine_clicks), sum(machine_clicks)
FROM merged
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
"""


# A few thousand ids are looked up by index, whatever the planner believes about a partition that is filling up just
# now; reading a partition whole, or compiling the statement, would cost a hundred times as much.
_PLAN = "; ".join(
    f"SET LOCAL {setting} = off"
    for setting in ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "enable_material", "jit")
)


@dataclass(frozen=True, slots=True)
class Move:
    """A number of like messages that went from one standing (None: they are new) to another."""

    origin: Origin
    before: Standing | None
    after: Standing


def lock(session: Session, scopes: Collection[str]) -> None:
    """Keep other writers from these campaigns (or, for single messages, accounts) until the transaction ends.

    Locks are taken in rising order, before anything else: writers can wait for one another, never in a circle. What
    they read then is found by index (`_PLAN`).
    """
    shards = sorted({crc32(scope.encode()) % LOCK_SHARDS for scope in scopes})
    with cursor_of(session) as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", (LOCK_SPACE, EVERYTHING))
        # The set-returning function is read row by row, so the locks are taken in the array's order.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, shard) FROM unnest(%s::int[]) shard", (LOCK_SPACE, shards))
        cursor.execute(_PLAN)


def wait_for_writers(session: Session) -> None:
    """Wait until every transaction that writes the log at this moment has ended."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(:space, :everything)"), {"space": LOCK_SPACE, "everything": EVERYTHING}
    )


def write_patches(session: Session, patches: Mapping[str, Patch]) -> list[Move]:
    """Merge `patches` into the log; the session holds the locks of all their campaigns."""
    if not patches:
        return []
    with cursor_of(session) as cursor:
        cursor.execute(_CREATE_PATCHES)
        with cursor.copy(f"COPY patches ({PATCH_COLUMNS}) FROM STDIN WITH (NULL '')") as copy:
            copy.write("".join(map(_line, patches.values())))
        rows: list[tuple[Any, ...]] = []
        for day, partition in _partitions(cursor, {_hour_text(message_id[:13])[:10] for message_id in patches}):
            cursor.execute(_MERGE.format(partition=partition), {"day": day})
            rows += cursor.fetchall()
    waking.wake(session, OUTBOX)  # the news in there
    return [_move(row) for row in rows]


def _partitions(cursor: psycopg.Cursor[Any], days: set[str]) -> list[tuple[str, str]]:
    """Each day with the partition that its messages lie in: its own if it was made, else the default one.

    Speaking to the partition itself spares the planner hundreds of others. Should the day's own partition be made at
    this very moment, the default one refuses the rows, and the whole transaction is tried again.
    """
    names = {day: f"messages_p{day.replace('-', '')}" for day in sorted(days)}
    cursor.execute("SELECT relname FROM pg_class WHERE relname = ANY(%s)", (list(names.values()),))
    made = {name for (name,) in cursor.fetchall()}
    return [(day, name if name in made else "messages_default") for day, name in names.items()]


def _line(patch: Patch) -> str:
    """One patch as COPY wants it; an empty field is a null."""
    get = patch.get
    message_id = patch["message_id"]
    line = (
        f"{message_id}\t{patch['account_id']}\t{get('campaign_id') or ''}\t{get('contact_id') or ''}\t"
        f"{patch['channel']}\t{_hour_text(message_id[:13])}\t"
        f"{get('address') or ''}\t{get('sender') or ''}\t{get('domain') or ''}\t"
        f"{get('parts', '')}\t{get('cost', '')}\t{get('state', '')}\t{get('state_at', '')}\t"
        f"{get('submitted_at', '')}\t{get('delivered_at', '')}\t{get('code') or ''}\t{get('detail') or ''}\t"
        f"{get('peer') or ''}\t"
    )
    if "is_engaged" in patch:
        line += "\t".join([str(get(name, "")) for name in _OF_PEOPLE]) + "\n"
    else:
        line += _NOT_ENGAGED
    if "\\" in line or "\r" in line or line.count("\t") != _TABS or line.count("\n") != 1:
        return _escaped_line(patch)
    return line


def _escaped_line(patch: Patch) -> str:
    """The same for the rare patch whose text holds what COPY gives a meaning to."""
    clean = {name: value.translate(_ESCAPES) if isinstance(value, str) else value for name, value in patch.items()}
    values = [_hour_text(clean["message_id"][:13]) if name == "hour" else clean.get(name) for name in _COLUMNS]
    return "\t".join("" if value is None else str(value) for value in values) + "\n"


@lru_cache(maxsize=65_536)
def _hour_text(head: str) -> str:
    """Day and hour of the message ids that begin so; those of one send all do."""
    return f"{day_of(head).isoformat()} {hour_of(head):02d}:00"


def _move(row: tuple[Any, ...]) -> Move:
    """One row of `_MERGE`: origin, whether new, the old and the new keys, the number, then old and new sums in turn."""
    messages, sums = row[13], row[14:]
    return Move(
        Origin(*row[:4]),
        None if row[4] else _standing(row[5:9], messages, sums[0::2]),
        _standing(row[9:13], messages, sums[1::2]),
    )


def _standing(keys: Sequence[Any], messages: int, sums: Sequence[int | None]) -> Standing:
    state, state_hour, sent_hour, domain = keys
    name = STATE_OF_CODE[state] if state is not None else None
    return Standing(name, state_hour, sent_hour, domain or "", messages, *(int(amount or 0) for amount in sums))
