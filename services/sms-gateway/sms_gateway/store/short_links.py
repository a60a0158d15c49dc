"""Positions of short links: handed out in blocks of a send's recipients, and told to the gateway before one leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Cursor

from channel import lane_outbox
from channel.batches import Header
from channel.lane_outbox import LaneMessage
from channel.outlets import Chunk
from chassis.database import columns
from contracts import lanes
from sms_gateway.batches import Content

# Recipients of a block, as a power of two: a million of a campaign take 245 of them, one of a single send one.
_CAMPAIGN, _SINGLE = 12, 4
# A send that leaves later than that takes another block.
KEEP = "30 days"
# What one lane message may hold of targets, each of up to 2,000 characters.
_AT_ONCE = 50

_FIND = (
    "SELECT b.send_id, b.content_hash, b.first_number, b.position"
    " FROM unnest(%s::uuid[], %s::text[], %s::bigint[]) AS k(send_id, content_hash, first_number)"
    " JOIN short_link_blocks b USING (send_id, content_hash, first_number)"
)
_COUNT = (
    "INSERT INTO short_link_counter AS c (is_only, position) VALUES (true, %s)"
    " ON CONFLICT (is_only) DO UPDATE SET position = c.position + excluded.position RETURNING position"
)


class _Key(NamedTuple):
    send_id: UUID
    content_hash: str
    first_number: int


def note_claims(cursor: Cursor[Any], instance_id: UUID, chunks: Sequence[Chunk]) -> list[LaneMessage]:
    """Give every recipient of `chunks` its first position (`Chunk.composed`, by number).

    Two instances that need the same block get the same: the counter's row makes them take turns until the commit.
    """
    linking = [chunk for chunk in chunks if isinstance(chunk.batch.content, Content) and chunk.batch.content.targets]
    if not linking:
        return []
    chunk_of = {key: chunk for chunk in linking for key in _keys(chunk)}
    positions = _found(cursor, chunk_of)
    made = _made(cursor, {key: chunk for key, chunk in chunk_of.items() if key not in positions})
    told = [_block(key, chunk_of[key], position) for key, position in made.items()]
    positions = {**positions, **made, **_found(cursor, chunk_of.keys() - positions.keys() - made.keys())}
    for chunk in linking:
        chunk.composed = _positions(chunk, positions)
    return [
        lane_outbox.record_body(
            cursor, instance_id, lanes.SHORT_LINKS, orjson.dumps({"v": 1, "blocks": told[start : start + _AT_ONCE]})
        )
        for start in range(0, len(told), _AT_ONCE)
    ]


def forget_old(cursor: Cursor[Any]) -> None:
    cursor.execute(f"DELETE FROM short_link_blocks WHERE made_at < now() - interval '{KEEP}'")


def _keys(chunk: Chunk) -> set[_Key]:
    header, shift = chunk.batch.header, _shift(chunk.batch.header)
    return {
        _Key(header.send_id, header.content_hash, recipient["number"] >> shift << shift)
        for recipient in chunk.recipients
    }


def _positions(chunk: Chunk, positions: Mapping[_Key, int]) -> dict[int, int]:
    header, links = chunk.batch.header, len(chunk.batch.content.targets)
    shift, of = _shift(header), {}
    for recipient in chunk.recipients:
        number = recipient["number"]
        first = number >> shift << shift
        of[number] = positions[_Key(header.send_id, header.content_hash, first)] + (number - first) * links
    return of


def _shift(header: Header) -> int:
    return _CAMPAIGN if header.campaign_id else _SINGLE


def _found(cursor: Cursor[Any], keys: Iterable[_Key]) -> dict[_Key, int]:
    wanted = sorted(keys)
    if not wanted:
        return {}
    cursor.execute(_FIND, columns(wanted, 3))
    return {_Key(*row[:3]): row[3] for row in cursor.fetchall()}


def _made(cursor: Cursor[Any], missing: Mapping[_Key, Chunk]) -> dict[_Key, int]:
    """New blocks, but for those that somebody else has made meanwhile."""
    if not missing:
        return {}
    sizes = {key: len(chunk.batch.content.targets) << _shift(chunk.batch.header) for key, chunk in missing.items()}
    cursor.execute(_COUNT, (sum(sizes.values()),))
    ((end,),) = cursor.fetchall()
    position, rows = end - sum(sizes.values()), []
    for key in sorted(missing):
        rows.append((*key, missing[key].batch.header.account_id, position))
        position += sizes[key]
    cursor.execute(
        "INSERT INTO short_link_blocks (send_id, content_hash, first_number, account_id, position)"
        " SELECT * FROM unnest(%s::uuid[], %s::text[], %s::bigint[], %s::uuid[], %s::bigint[])"
        " ON CONFLICT DO NOTHING RETURNING send_id, content_hash, first_number, position",
        columns(rows, 5),
    )
    return {_Key(*row[:3]): row[3] for row in cursor.fetchall()}


def _block(key: _Key, chunk: Chunk, position: int) -> dict[str, Any]:
    header = chunk.batch.header
    return {
        "position": position,
        "first_number": key.first_number,
        "size": 1 << _shift(header),
        "account_id": header.account_id,
        "campaign_id": header.campaign_id,
        "send_id": str(header.send_id),
        "links": list(chunk.batch.content.targets),
    }
