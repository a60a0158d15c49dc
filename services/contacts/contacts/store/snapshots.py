"""Snapshots of audiences.

Addresses are unique in an account, so that one row a contact is one row an address. A snapshot is a table of its own:
written once, read by number in constant time, dropped in one go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg.errors import UndefinedTable
from sqlalchemy import RowMapping, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from chassis.database import changed, cursor_of
from contacts.store import frequency_caps, leavers
from contacts.store.audiences import ADDRESS, expect_many
from contracts.ids import with_steps
from contracts.vocabulary import LeftOut

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


def table_of(snapshot_id: UUID) -> str:
    return f"snapshot_{snapshot_id.hex}"


def take(
    session: Session,
    *,
    snapshot_id: UUID,
    account_id: UUID,
    channels: Sequence[str],
    where: str,
    values: str,
    parameters: Mapping[str, Any],
    order: Order = AS_ADDED,
) -> int:
    """Write the snapshot; returns how many recipients it has, numbered from 1 in that order.

    :param channels: on one of which they can be reached; the address is that of the first of them that they have.
    :param values: SQL of a jsonb object over `c`, the recipient's fields.
    """
    address = f"coalesce({', '.join(f'CAST(c.{ADDRESS[one]} AS text)' for one in channels)})"
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
        f"INSERT INTO {table} SELECT row_number() OVER (ORDER BY {order.by}), c.id, {address}, {values}"
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
                "SELECT s.*, j.state, j.error, j.request FROM snapshots s JOIN jobs j ON j.id = s.id"
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


def _reason(channel: str, *, is_capped: bool = False, has_leavers: bool = False) -> str:
    """SQL over `s` (contact_id, address): why this person gets nothing any more; '' where nothing is against it.

    One look-up each, as scalar subqueries, which PostgreSQL makes no join of: a large archive costs a page nothing.
    Parameters: the account; of a page with leavers those of `_HAS_LEFT`; of an account with a cap those of `sql_of_had`
    and its messages; the account again.
    """
    fine = f"CASE WHEN {frequency_caps.sql_of_had()} >= %s THEN 'capped' ELSE '' END" if is_capped else "''"
    if has_leavers:
        fine = f"CASE WHEN {_HAS_LEFT} THEN 'withdrawn' ELSE {fine} END"
    return (
        "CASE WHEN (SELECT a.id FROM archive a WHERE a.account_id = %s"
        f" AND a.channel = '{channel}' AND a.address = s.address AND a.restored_at IS NULL) IS NOT NULL THEN 'archived'"
        f" ELSE coalesce((SELECT CASE WHEN c.{channel}_consent IS NOT TRUE THEN 'withdrawn'"
        f" WHEN c.{ADDRESS[channel]} IS DISTINCT FROM s.address THEN 'changed' ELSE {fine} END"
        " FROM contacts c WHERE c.account_id = %s AND c.id = s.contact_id), 'deleted') END"
    )


# Out of the last of the audience's groups by themselves, since the audience was taken. Parameters: account, since,
# groups, groups.
_HAS_LEFT = (
    "(SELECT count(*) FROM group_leavers l WHERE l.account_id = %s AND l.contact_id = s.contact_id"
    " AND l.kept_at >= %s AND l.group_id = ANY(%s)) > 0"
    " AND (SELECT count(*) FROM group_members m WHERE m.contact_id = s.contact_id AND m.group_id = ANY(%s)) = 0"
)
# Who left while the audience was being taken may stand in it.
_TAKING = timedelta(minutes=1)


def _of_leavers(session: Session, snapshot_id: UUID, account_id: UUID) -> tuple[Any, ...]:
    """The parameters of `_HAS_LEFT`; none where nobody has left a group of the audience since it was taken."""
    row = find(session, account_id=account_id, snapshot_id=snapshot_id)
    group_ids = [UUID(one) for one in (row["request"].get("audience") or {}).get("groups") or ()] if row else []
    if row is None or not group_ids or row["taken_at"] is None:
        return ()
    since = row["taken_at"] - _TAKING
    has_any = leavers.has_leavers_since(session, account_id=account_id, group_ids=group_ids, since=since)
    return (account_id, since, group_ids, group_ids) if has_any else ()


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
    of_leavers = _of_leavers(session, snapshot_id, account_id)
    itself = [] if campaign_id is None else [campaign_id]
    of_cap = () if cap is None else (account_id, itself, cap.first_day(today), cap.messages)
    with cursor_of(session) as cursor:
        holds_for = campaign_id if cap is not None else None
        if holds_for is not None:
            frequency_caps.lock(cursor, account_id=account_id)
        # The planner believes the subqueries rarely true, and would rather read and sort the whole snapshot.
        cursor.execute("SELECT set_config(name, 'off', true) FROM unnest(%s::text[]) AS name", (_NOT_FOR_PAGES,))
        reason = _reason(channel, is_capped=cap is not None, has_leavers=bool(of_leavers))
        cursor.execute(
            f"SELECT number, contact_id::text, address, fields::text, {reason}"
            f" FROM {table_of(snapshot_id)} s WHERE number > %s AND number <= %s ORDER BY number",
            (account_id, *of_leavers, *of_cap, account_id, after, up_to),
        )
        page = _page(cursor.fetchall(), after, up_to)
        if holds_for is not None:
            ids = [one["contact_id"] for one in page.recipients]
            frequency_caps.hold(cursor, account_id=account_id, campaign_id=holds_for, contact_ids=ids, today=today)
    return page


def read_step(
    session: Session,
    *,
    snapshot_id: UUID,
    account_id: UUID,
    channel: str,
    numbers: Sequence[int],
    today: date,
    campaign_id: UUID,
    step_of: UUID,
) -> Page:
    """Recipients of these numbers at their address on `channel` as it is now; whoever has none there is `changed`.

    Under a cap what other steps of the campaign have sent is not another message.
    """
    cap = frequency_caps.find(session, account_id=account_id)
    of_leavers = _of_leavers(session, snapshot_id, account_id)
    of_cap = () if cap is None else (account_id, with_steps(step_of), cap.first_day(today), cap.messages)
    reason = _reason(channel, is_capped=cap is not None, has_leavers=bool(of_leavers))
    page = Page([], {}, [])
    with cursor_of(session) as cursor:
        if cap is not None:
            frequency_caps.lock(cursor, account_id=account_id)
        cursor.execute("SELECT set_config(name, 'off', true) FROM unnest(%s::text[]) AS name", (_NOT_FOR_PAGES,))
        # Each number is looked up by itself, and put into order here: asked for an order, the planner walks through all
        # of the snapshot and compares each of its rows with each number.
        cursor.execute(
            f"SELECT number, s.contact_id::text, s.address, fields::text,"
            f" CASE WHEN is_there AND s.address IS NULL THEN 'changed' ELSE {reason} END FROM (SELECT t.number,"
            f" t.contact_id, t.fields, CAST(c.{ADDRESS[channel]} AS text) AS address, c.id IS NOT NULL AS is_there"
            " FROM unnest(%s::int[]) AS w(number)"
            f" CROSS JOIN LATERAL (SELECT * FROM {table_of(snapshot_id)} t WHERE t.number = w.number OFFSET 0) t"
            " LEFT JOIN LATERAL (SELECT * FROM contacts c WHERE c.account_id = %s AND c.id = t.contact_id OFFSET 0) c"
            " ON true) s",
            (account_id, *of_leavers, *of_cap, account_id, list(numbers), account_id),
        )
        for number, contact_id, address, fields, why in sorted(cursor.fetchall(), key=itemgetter(0)):
            if why:
                page.left_out.setdefault(why, []).append(number)
                page.left_out_contacts.append((number, contact_id))
                continue
            recipient = {"number": number, "contact_id": contact_id, "address": address}
            page.recipients.append({**recipient, "fields": orjson.loads(fields)})
        if cap is not None:
            ids = [one["contact_id"] for one in page.recipients]
            frequency_caps.hold(cursor, account_id=account_id, campaign_id=campaign_id, contact_ids=ids, today=today)
    found = {one["number"] for one in page.recipients} | {number for number, _ in page.left_out_contacts}
    if gone := [number for number in numbers if number not in found]:
        page.left_out.setdefault(LeftOut.ERASED, []).extend(gone)
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


def left_lists(session: Session, *, account_id: UUID, waiting: Sequence[tuple[UUID, UUID]]) -> list[int]:
    """Who has left the last of the groups by which a campaign's audience had them, since it was taken: places.

    :param waiting: a contact and the campaign whose message they are about to get, or its step's.
    """
    if leavers.last_kept_at(session, account_id=account_id) is None:
        return []
    query = text(
        "SELECT s.id, CAST(j.request ->> 'campaign_id' AS uuid) AS campaign_id FROM snapshots s"
        " JOIN jobs j ON j.id = s.id WHERE s.account_id = :account AND j.request ->> 'campaign_id' IS NOT NULL"
    )
    wanted = {campaign_id for _, campaign_id in waiting}
    found: list[int] = []
    for row in session.execute(query, {"account": account_id}).all():
        theirs = wanted.intersection(with_steps(row.campaign_id))
        of_leavers = _of_leavers(session, row.id, account_id) if theirs else ()
        if of_leavers:
            places = [place for place, (_, campaign_id) in enumerate(waiting) if campaign_id in theirs]
            with cursor_of(session) as cursor:
                cursor.execute(
                    "SELECT place FROM unnest(%s::int[], %s::uuid[]) AS s(place, contact_id) WHERE " + _HAS_LEFT,
                    (places, [waiting[place][0] for place in places], *of_leavers),
                )
                found += [place for (place,) in cursor.fetchall()]
    return found


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
