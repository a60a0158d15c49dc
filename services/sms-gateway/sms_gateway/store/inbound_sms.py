"""Messages from phones, as they came."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text

from chassis.database import Session, columns
from contracts.ids import first_id_at
from sms_gateway.content.delivered import delivered_text

KEEP = "90 days"
FILLED_AT_ONCE = 500

# Carriers write a number with `+`, `00` or neither. There is an index on this of the source, in these words.
BARE = "regexp_replace(lower({}), '^([+]|00)', '')"
# Whom a message was for: the account whose message it answers; where nobody knows, as the senders say that operators
# let accounts use: `ours` is the account's and no other's.
# What was for nobody's number is nobody's to read, but the person's to have forgotten.
_OWNERS = f"""
CROSS JOIN LATERAL (
  SELECT
    CASE WHEN i.account_id IS NULL THEN bool_and(s.account_id = :account) ELSE i.account_id = :account END AS is_ours,
    CASE WHEN i.account_id IS NULL THEN bool_or(s.account_id = :account) IS NOT FALSE
      ELSE i.account_id = :account END AS is_no_others
  FROM sender_ids s
  WHERE s.state = 'active' AND {BARE.format("s.sender_key")} = {BARE.format("i.destination")}
) owners
"""
SHOWN = (
    "i.id, i.source, i.destination, i.data_coding, i.esm_class, i.octets, i.received_at, i.message_id, i.campaign_id,"
    " i.wish, i.parts, i.missing_parts"
)
_FITS = {
    "phone": f"{BARE.format('i.source')} = :phone",
    "number": f"{BARE.format('i.destination')} = :number",
    "campaign": "i.campaign_id = :campaign",
    "wish": "i.wish = :wish",
    "q": "i.said ILIKE :q",
    # An id is made after the message came.
    "since": "i.received_at >= :since AND i.id >= :first",
    "until": "i.received_at <= :until",
}
_FROM_PERSON = f"{BARE.format('i.source')} = ANY(CAST(:numbers AS text[]))"
_FORGOTTEN = f"FROM inbound_sms i {_OWNERS} WHERE {_FROM_PERSON} AND i.received_at <= :until AND owners.is_no_others"


def write(cursor: Cursor[Any], rows: Sequence[tuple[Any, ...]]) -> None:
    """A carrier that got no answer sends one again: it is there twice then, as the phone may have sent it twice.

    :param rows: in the order of the columns below; the last four are None where nobody knows.
    """
    if rows:
        cursor.execute(
            "INSERT INTO inbound_sms (id, carrier_id, source, destination, data_coding, esm_class, octets, said, parts,"
            " missing_parts, received_at, account_id, campaign_id, message_id, wish)"
            " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::smallint[], %s::smallint[],"
            " %s::bytea[], %s::text[], %s::smallint[], %s::jsonb[], %s::timestamptz[], %s::uuid[], %s::uuid[],"
            " %s::uuid[], %s::text[])",
            columns(rows, 15),
        )


def searched(said: str | None) -> str:
    """As the search has it; of what cannot be read nothing."""
    return (said or "").replace("\0", "").encode("utf-8", "replace").decode()


def fill_in_texts(cursor: Cursor[Any]) -> bool:
    """Texts of some messages kept before their texts were, the newest first; returns whether there are more."""
    cursor.execute(
        "SELECT id, octets, data_coding, esm_class FROM inbound_sms WHERE said IS NULL ORDER BY id DESC LIMIT %s"
        " FOR UPDATE SKIP LOCKED",
        (FILLED_AT_ONCE,),
    )
    found = [
        (message_id, searched(delivered_text(bytes(octets), coding, esm_class)))
        for message_id, octets, coding, esm_class in cursor.fetchall()
    ]
    if found:
        cursor.execute(
            "UPDATE inbound_sms i SET said = u.said FROM unnest(%s::uuid[], %s::text[]) AS u(id, said)"
            " WHERE i.id = u.id",
            columns(found, 2),
        )
    return len(found) == FILLED_AT_ONCE


def said_lately(cursor: Cursor[Any], wish: str, asked: Collection[tuple[str, str]]) -> set[tuple[str | None, str]]:
    """Those of phones and numbers between which that was said within the last hour."""
    cursor.execute(
        "SELECT a.phone, a.number FROM unnest(%s::text[], %s::text[]) AS a(phone, number) WHERE EXISTS ("
        f"SELECT 1 FROM inbound_sms i WHERE {BARE.format('i.source')} = substr(a.phone, 2) AND i.wish = %s"
        f" AND {BARE.format('i.destination')} = a.number AND i.received_at > now() - interval '1 hour')",
        (*columns(sorted(asked), 2), wish),
    )
    return set(cursor.fetchall())


def forget_old(cursor: Cursor[Any]) -> None:
    cursor.execute(f"DELETE FROM inbound_sms WHERE received_at < now() - interval '{KEEP}'")


def page(session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID, limit: int) -> Sequence[Any]:
    """Messages from the person to the account's own numbers, newest first."""
    return (
        session.execute(
            text(
                # Found first, then put in order: the index on ids would be walked through for the few that are theirs.
                f"WITH theirs AS MATERIALIZED (SELECT i.* FROM inbound_sms i WHERE {_FROM_PERSON} AND i.id < :before)"
                f" SELECT {SHOWN}"
                f" FROM theirs i {_OWNERS} WHERE owners.is_ours ORDER BY i.id DESC LIMIT :limit"
            ),
            {"account": account_id, "numbers": _bare(addresses), "before": before, "limit": limit},
        )
        .mappings()
        .all()
    )


@dataclass(frozen=True)
class Wanted:
    """Answers that fit all that is given; `phone` and `number` bare, the times both included."""

    phone: str | None = None
    number: str | None = None
    campaign: UUID | None = None
    wish: str | None = None
    q: str | None = None  # a pattern of ILIKE
    since: datetime | None = None
    until: datetime | None = None


def answers(session: Session, *, account_id: UUID, wanted: Wanted, before: UUID | None, limit: int) -> Sequence[Any]:
    """The account's, newest first; what nobody knows whom it answers is nobody's."""
    conditions = [condition for name, condition in _FITS.items() if getattr(wanted, name) is not None]
    bound = {name: value for name, value in asdict(wanted).items() if value is not None}
    if wanted.since is not None:
        bound["first"] = first_id_at(wanted.since)
    if before is not None:
        conditions.append("i.id < :before")
        bound["before"] = before
    where = " AND ".join(["i.account_id = :account", *conditions])
    statement = f"SELECT {SHOWN} FROM inbound_sms i WHERE {where} ORDER BY i.id DESC LIMIT :limit"
    return session.execute(text(statement), {**bound, "account": account_id, "limit": limit}).mappings().all()


def count(session: Session, *, account_id: UUID, addresses: Collection[str], until: datetime) -> int:
    """How many `forget` would delete."""
    return int(session.scalar(text(f"SELECT count(*) {_FORGOTTEN}"), _bound(account_id, addresses, until)) or 0)


def forget(session: Session, *, account_id: UUID, addresses: Collection[str], until: datetime) -> int:
    """Delete what the person sent by then, but for what was for another account's number; returns how many."""
    return len(
        session.execute(
            text(f"DELETE FROM inbound_sms WHERE id IN (SELECT i.id {_FORGOTTEN}) RETURNING id"),
            _bound(account_id, addresses, until),
        ).all()
    )


def _bound(account_id: UUID, addresses: Collection[str], until: datetime) -> dict[str, Any]:
    return {"account": account_id, "numbers": _bare(addresses), "until": until}


def _bare(addresses: Collection[str]) -> list[str]:
    return [address.removeprefix("+") for address in addresses]


def erase_account(session: Session, account_id: UUID) -> None:
    """Delete what answered the account, or was for its own numbers; its senders must be there still."""
    session.execute(text("DELETE FROM inbound_sms WHERE account_id = :account"), {"account": account_id})
    session.execute(
        text(
            "DELETE FROM inbound_sms i USING ("
            f"SELECT {BARE.format('s.sender_key')} AS number FROM sender_ids s WHERE s.state = 'active'"
            " GROUP BY 1 HAVING bool_and(s.account_id = :account)"
            f") ours WHERE i.account_id IS NULL AND {BARE.format('i.destination')} = ours.number"
        ),
        {"account": account_id},
    )
