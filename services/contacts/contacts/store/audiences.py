"""Audiences: who a campaign reaches, in one statement, and its snapshot.

Addresses are unique in an account, so that one row a contact is one row an address. A snapshot is a table of its own:
written once, read by number in constant time, dropped in one go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg.errors import UndefinedTable
from sqlalchemy import RowMapping, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from chassis.database import changed, cursor_of
from contacts.store import frequency_caps
from contracts.channel import CHANNELS
from contracts.vocabulary import Channel, FollowUpWho, LeftOut

_LOCK = "hashtextextended(CAST(:account AS text), 1936941680)"  # "snap"


# Orders in which an audience is numbered, over `c`: ids are made in the order of time. A hash that depends on the
# snapshot spreads the same people otherwise in the next.
class Order(NamedTuple):
    """:ivar join: what the order needs beside `c`."""

    by: str
    join: str = ""


AS_ADDED = Order("c.id")
SHUFFLED = Order("hashtextextended(c.id::text, hashtextextended(CAST(:snapshot AS text), 0)), c.id")


def by_zone(zone: str) -> Order:
    """Those first in whose zone a local time comes first; who names no zone is in the default one.

    :param zone: SQL of the field that names it, text or jsonb, for `:zone_local_time` and `:zone_default`.
    """
    names = "(SELECT name FROM pg_timezone_names)"
    return Order(
        "CAST(:zone_local_time AS timestamp) AT TIME ZONE coalesce(z.name, d.name, 'UTC'), c.id",
        f" LEFT JOIN {names} z ON z.name = to_jsonb({zone}) #>> '{{}}'"
        f" LEFT JOIN {names} d ON d.name = CAST(:zone_default AS text)",
    )


ADDRESS: dict[str, str] = {channel: facts.address_field for channel, facts in CHANNELS.items()}


def reachable(channel: str) -> str:
    """SQL over `c`: has an address on the channel and consent, and is not in the archive."""
    return f"c.{channel}_consent AND {not_archived(channel)}"


def not_archived(channel: str) -> str:
    """SQL over `c`: has an address on the channel that is not in the archive."""
    address = ADDRESS[channel]
    return (
        f"c.{address} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM archive a WHERE a.account_id = :account"
        f" AND a.channel = '{channel}' AND a.address = c.{address} AND a.restored_at IS NULL)"
    )


def has_address(channel: str, parameter: str) -> str:
    """Addresses are kept in lower case."""
    return f"c.{ADDRESS[channel]} = ANY(CAST(:{parameter} AS text[]))"


def in_groups(parameter: str) -> str:
    return (
        f"c.id IN (SELECT m.contact_id FROM group_members m WHERE m.account_id = :account"
        f" AND m.group_id = ANY(CAST(:{parameter} AS uuid[])))"
    )


def _told(kind: str) -> str:
    """SQL over `c`: this is known of a message of `:followed_campaign` to them."""
    return (
        "c.id IN (SELECT unnest(e.contact_ids) FROM engagement e WHERE e.account_id = :account"
        f" AND e.kind = '{kind}' AND e.campaign_id = CAST(:followed_campaign AS uuid))"
    )


def followed(who: FollowUpWho, channel: str | None) -> str:
    """SQL over `c`: a recipient of `:followed_campaign`, of that channel, who did, or did not.

    A mail that its server took may still come back; an SMS that failed may still be shown to have arrived.
    """
    delivered, not_delivered, clicked = _told("delivered"), _told("bounced"), _told("clicked")
    if channel == Channel.EMAIL:
        delivered = f"{delivered} AND NOT {not_delivered}"
    else:
        not_delivered = f"{not_delivered} AND NOT {delivered}"
    opened = f"({_told('opened')} OR {clicked})"
    conditions = {
        FollowUpWho.DELIVERED: delivered,
        FollowUpWho.NOT_DELIVERED: not_delivered,
        FollowUpWho.OPENED: f"{delivered} AND {opened}",
        FollowUpWho.NOT_OPENED: f"{delivered} AND NOT {opened}",
        FollowUpWho.CLICKED: f"{delivered} AND {clicked}",
        FollowUpWho.NOT_CLICKED: f"{delivered} AND NOT {clicked}",
    }
    return f"({conditions[who]})"


def in_group(parameter: str) -> str:
    """As `in_groups`, of one group: for pages by id, which then follow an index and end early."""
    return (
        f"EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = CAST(:{parameter} AS uuid)"
        " AND m.contact_id = c.id AND m.account_id = :account)"
    )


def expect_sets(session: Session) -> None:
    """Let this transaction keep groups and engagement in memory, about 90 bytes a contact.

    What PostgreSQL thinks too large to be hashed it would otherwise walk once a contact. Every parallel worker would
    make the sets again, and compiling the statement costs more than it gives.
    """
    session.execute(_EXPECT_SETS)


_EXPECT_SETS = text(
    "SELECT set_config(name, value, true) FROM (VALUES ('work_mem', '64MB'), ('hash_mem_multiplier', '16'),"
    " ('max_parallel_workers_per_gather', '0'), ('jit', 'off')) AS setting (name, value)"
)


def expect_many(session: Session) -> None:
    """Besides, no nested loops: an audience is a set, and is made by hashing.

    Right after an import PostgreSQL believes that the account has one contact; it then walks the group once a contact,
    which took over 20 s for 100,000 of them, against 0.2 s.
    """
    expect_sets(session)
    session.execute(text("SET LOCAL enable_nestloop = off"))


def count(session: Session, *, account_id: UUID, where: str, parameters: Mapping[str, Any]) -> int:
    expect_many(session)
    return int(
        session.scalar(
            text(f"SELECT count(*) FROM contacts c WHERE c.account_id = :account AND {where}"),
            {**parameters, "account": account_id},
        )
        or 0
    )


def break_down(
    session: Session,
    *,
    account_id: UUID,
    channel: str,
    included: str,
    excluded: str,
    capped: str,
    parameters: Mapping[str, Any],
) -> dict[str, int]:
    """How many of the included there are, and why some of them are not reached: the first reason of each.

    :param included, excluded, capped: SQL over `c`.
    """
    expect_many(session)
    has_address = f"c.{ADDRESS[channel]} IS NOT NULL"
    reasons = {
        "excluded": excluded,
        "without_address": f"NOT ({has_address})",
        "archived": f"NOT ({not_archived(channel)})",
        "without_consent": f"c.{channel}_consent IS NOT TRUE",
        "capped": capped,
    }
    cases = " ".join(f"WHEN {sql} THEN '{reason}'" for reason, sql in reasons.items())
    rows = session.execute(
        text(
            f"SELECT CASE {cases} ELSE 'reachable' END AS outcome, count(*) FROM contacts c"
            f" WHERE c.account_id = :account AND {included} GROUP BY 1"
        ),
        {**parameters, "account": account_id},
    )
    counts = {outcome: int(count) for outcome, count in rows}
    return {"total": sum(counts.values()), **{name: counts.get(name, 0) for name in ("reachable", *reasons)}}


def table_of(snapshot_id: UUID) -> str:
    return f"snapshot_{snapshot_id.hex}"


def take(
    session: Session,
    *,
    snapshot_id: UUID,
    account_id: UUID,
    channel: str,
    where: str,
    values: str,
    parameters: Mapping[str, Any],
    order: Order = AS_ADDED,
) -> int:
    """Write the snapshot; returns how many recipients it has, numbered from 1 in that order.

    :param values: SQL of a jsonb object over `c`, the recipient's fields.
    """
    table = table_of(snapshot_id)
    # The erasure of a person waits for this lock alone: a snapshot that is not committed could not be looked into.
    session.execute(text(f"SELECT pg_advisory_xact_lock_shared({_LOCK})"), {"account": account_id})
    session.execute(text(f"DROP TABLE IF EXISTS {table}"))
    session.execute(
        text(
            f"CREATE TABLE {table}"
            " (number integer NOT NULL, contact_id uuid NOT NULL, address text NOT NULL, fields jsonb)"
        )
    )
    expect_many(session)
    total = changed(
        session,
        f"INSERT INTO {table} SELECT row_number() OVER (ORDER BY {order.by}), c.id, c.{ADDRESS[channel]}, {values}"
        f" FROM contacts c{order.join} WHERE c.account_id = :account AND {where} ORDER BY {order.by}",
        **parameters,
        account=account_id,
        **({"snapshot": str(snapshot_id)} if order is SHUFFLED else {}),
    )
    session.execute(text(f"ALTER TABLE {table} ADD PRIMARY KEY (number)"))
    session.execute(
        text("UPDATE snapshots SET total = :total, taken_at = now() WHERE id = :id"),
        {"id": snapshot_id, "total": total},
    )
    return total


def add(session: Session, *, snapshot_id: UUID, account_id: UUID, channel: str) -> bool:
    rows = changed(
        session,
        "INSERT INTO snapshots (id, account_id, channel) VALUES (:id, :account, :channel) ON CONFLICT DO NOTHING",
        id=snapshot_id,
        account=account_id,
        channel=channel,
    )
    return rows > 0


def find(session: Session, *, account_id: UUID, snapshot_id: UUID) -> RowMapping | None:
    return (
        session.execute(
            text(
                "SELECT s.*, j.state, j.error FROM snapshots s JOIN jobs j ON j.id = s.id"
                " WHERE s.id = :id AND s.account_id = :account"
            ),
            {"id": snapshot_id, "account": account_id},
        )
        .mappings()
        .one_or_none()
    )


_NOT_FOR_PAGES = ["enable_seqscan", "enable_bitmapscan", "enable_sort", "jit"]


class Page(NamedTuple):
    """Numbers of a snapshot that lie side by side: recipients, and who of them is not to be sent to, by the reason."""

    recipients: list[dict[str, Any]]
    left_out: dict[str, list[int]]
    left_out_contacts: list[tuple[int, str]]


def _reason(channel: str, *, is_capped: bool = False) -> str:
    """SQL over `s` (contact_id, address): why this person gets nothing any more; '' where nothing is against it.

    One look-up each, as scalar subqueries, which PostgreSQL makes no join of: a large archive costs a page nothing.
    Parameters: the account; of an account with a cap those of `sql_of_had` and its messages; the account again.
    """
    fine = f"CASE WHEN {frequency_caps.sql_of_had()} >= %s THEN 'capped' ELSE '' END" if is_capped else "''"
    return (
        "CASE WHEN (SELECT a.id FROM archive a WHERE a.account_id = %s"
        f" AND a.channel = '{channel}' AND a.address = s.address AND a.restored_at IS NULL) IS NOT NULL THEN 'archived'"
        f" ELSE coalesce((SELECT CASE WHEN c.{channel}_consent IS NOT TRUE THEN 'withdrawn'"
        f" WHEN c.{ADDRESS[channel]} IS DISTINCT FROM s.address THEN 'changed' ELSE {fine} END"
        " FROM contacts c WHERE c.account_id = %s AND c.id = s.contact_id), 'deleted') END"
    )


def read(
    session: Session,
    *,
    snapshot_id: UUID,
    account_id: UUID,
    channel: str,
    after: int,
    up_to: int,
    today: date,
    campaign_id: UUID | None = None,
) -> Page:
    """Recipients as lanes carry them (`contracts.lanes.Recipient`); a million are read, so not by SQLAlchemy's rows.

    A campaign may be read for days: who has said no since the snapshot, has gone or has another address is left out.
    Of who was erased no row is left, so that every number without one is theirs.

    :param campaign_id: that is about to send to them: of two that read the same person at once, with room for one
        message under the account's cap, one leaves them out.
    """
    cap = frequency_caps.find(session, account_id=account_id)
    of_cap = () if cap is None else (account_id, campaign_id, cap.first_day(today), cap.messages)
    with cursor_of(session) as cursor:
        holds_for = campaign_id if cap is not None else None
        if holds_for is not None:
            frequency_caps.lock(cursor, account_id=account_id)
        # The planner believes the subqueries rarely true, and would rather read and sort the whole snapshot.
        cursor.execute("SELECT set_config(name, 'off', true) FROM unnest(%s::text[]) AS name", (_NOT_FOR_PAGES,))
        cursor.execute(
            f"SELECT number, contact_id::text, address, fields::text, {_reason(channel, is_capped=cap is not None)}"
            f" FROM {table_of(snapshot_id)} s WHERE number > %s AND number <= %s ORDER BY number",
            (account_id, *of_cap, account_id, after, up_to),
        )
        page = _page(cursor.fetchall(), after, up_to)
        if holds_for is not None:
            ids = [one["contact_id"] for one in page.recipients]
            frequency_caps.hold(cursor, account_id=account_id, campaign_id=holds_for, contact_ids=ids, today=today)
    return page


def _page(rows: Sequence[tuple[int, str, str, str, str]], after: int, up_to: int) -> Page:
    """Of rows (number, contact, address, fields, reason) in order, each number above `after` in its place."""
    page, number = Page([], {}, []), after
    for following, contact_id, address, fields, reason in rows:
        if following > number + 1:
            page.left_out.setdefault(LeftOut.ERASED, []).extend(range(number + 1, following))
        number = following
        if reason:
            page.left_out.setdefault(reason, []).append(number)
            page.left_out_contacts.append((number, contact_id))
        else:
            page.recipients.append(
                {"number": number, "contact_id": contact_id, "address": address, "fields": orjson.loads(fields)}
            )
    if number < up_to:
        page.left_out.setdefault(LeftOut.ERASED, []).extend(range(number + 1, up_to + 1))
    return page


def count_strangers(session: Session, *, snapshot_id: UUID, addresses: Sequence[str]) -> int:
    """How many are in a snapshot whose address is none of these; who was erased is in it no more."""
    return int(
        session.scalar(
            text(f"SELECT count(*) FROM {table_of(snapshot_id)} WHERE address <> ALL(CAST(:addresses AS text[]))"),
            {"addresses": list(addresses)},
        )
        or 0
    )


def left_out(
    session: Session, *, account_id: UUID, channel: str, addressees: Sequence[tuple[UUID, str]]
) -> list[tuple[int, str]]:
    """Who of contacts with the addresses that a message is about to go to is not to get it: place, and why."""
    with cursor_of(session) as cursor:
        cursor.execute("SELECT set_config(name, 'off', true) FROM unnest(%s::text[]) AS name", (_NOT_FOR_PAGES,))
        cursor.execute(
            f"SELECT place, reason FROM (SELECT place, {_reason(channel)} AS reason"
            " FROM unnest(%s::int[], %s::uuid[], %s::text[]) AS s(place, contact_id, address)) r WHERE reason <> ''",
            (
                account_id,
                account_id,
                list(range(len(addressees))),
                [contact_id for contact_id, _ in addressees],
                [address for _, address in addressees],
            ),
        )
        return cursor.fetchall()


def drop(session: Session, *, account_id: UUID, snapshot_id: UUID) -> None:
    parameters = {"id": snapshot_id, "account": account_id}
    if changed(session, "DELETE FROM snapshots WHERE id = :id AND account_id = :account", **parameters):
        session.execute(text("DELETE FROM jobs WHERE id = :id AND account_id = :account"), parameters)
        session.execute(text(f"DROP TABLE IF EXISTS {table_of(snapshot_id)}"))


def tables_of_account(session: Session, *, account_id: UUID) -> Sequence[UUID]:
    return session.scalars(text("SELECT id FROM snapshots WHERE account_id = :account"), {"account": account_id}).all()


def wait_for_taking(session: Session, *, account_id: UUID) -> None:
    """Wait until the account's snapshots that are being taken are there."""
    session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"), {"account": account_id})


def forget(session: Session, *, account_id: UUID, contact_ids: Sequence[UUID], addresses: Sequence[str]) -> None:
    """Take people out of every snapshot of the account; the numbers of the others stay."""
    for snapshot_id in tables_of_account(session, account_id=account_id):
        table = table_of(snapshot_id)
        if session.scalar(text("SELECT to_regclass(:name)"), {"name": table}) is not None:
            try:
                with session.begin_nested():
                    session.execute(
                        text(f"DELETE FROM {table} WHERE contact_id = ANY(:ids) OR address = ANY(:addresses)"),
                        {"ids": list(contact_ids), "addresses": list(addresses)},
                    )
            except ProgrammingError as error:
                if not isinstance(error.orig, UndefinedTable):
                    raise  # gone with the end of its campaign is all that it may be
