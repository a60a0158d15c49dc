"""Contacts, one or a few at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis import erasures
from chassis.database import changed

COLUMNS = (
    "email", "phone", "external_id", "first_name", "last_name", "company", "city", "birth_date", "custom",
    "sms_consent", "sms_consent_source", "sms_consent_at", "email_consent", "email_consent_source", "email_consent_at",
    "push", "push_consent", "push_consent_source", "push_consent_at", "rcs_consent", "rcs_consent_source",
    "rcs_consent_at",
    "whatsapp_consent", "whatsapp_consent_source", "whatsapp_consent_at",
    "viber", "viber_consent", "viber_consent_source", "viber_consent_at",
)  # fmt: skip


DEFAULT_ZONE = "Europe/Warsaw"  # of an account that has never said another
_LOCK = "SELECT pg_advisory_xact_lock{}(hashtextextended(CAST(:account AS text), 0))"


def share_account(session: Session, *, account_id: UUID) -> None:
    """For the connections of one import, which add side by side what cannot collide; all other writers wait for them.

    A lock of its own, not the account's row: the row is updated by the trigger that counts, one after the other.
    """
    session.execute(text(_LOCK.format("_shared")), {"account": account_id})


def lock_account(session: Session, *, account_id: UUID) -> RowMapping:
    """The account's row, made where it is missing; what adds contacts locks it first, so that the limit holds."""
    session.execute(text(_LOCK.format("")), {"account": account_id})
    session.execute(
        text("INSERT INTO accounts (account_id) VALUES (:account) ON CONFLICT DO NOTHING"), {"account": account_id}
    )
    return (
        session.execute(text("SELECT * FROM accounts WHERE account_id = :account FOR UPDATE"), {"account": account_id})
        .mappings()
        .one()
    )


def set_terms(
    session: Session, *, account_id: UUID, limit: int | None, region: str | None, time_zone: str | None = None
) -> None:
    """Keep what identity says of the account, for the jobs, which ask nobody; null leaves what is known.

    The zone comes by an event of its own (`set_zone`); here it heals where an older identity told nobody.
    """
    session.execute(text(_LOCK.format("")), {"account": account_id})  # before the row's own lock, as everywhere
    session.execute(
        text(
            "INSERT INTO accounts (account_id, contact_limit, default_region)"
            " VALUES (:account, :limit, coalesce(:region, 'PL'))"
            " ON CONFLICT (account_id) DO UPDATE SET contact_limit = :limit,"
            " default_region = coalesce(:region, accounts.default_region),"
            " time_zone = CASE WHEN :zone IS DISTINCT FROM accounts.time_zone"
            "  AND EXISTS (SELECT FROM pg_timezone_names WHERE name = :zone) THEN :zone ELSE accounts.time_zone END"
        ),
        {"account": account_id, "limit": limit, "region": region, "zone": time_zone},
    )


def number_of_contacts(session: Session, *, account_id: UUID) -> int:
    """How many contacts the account has, as the plan counts them."""
    return (
        session.scalar(text("SELECT contacts FROM accounts WHERE account_id = :account"), {"account": account_id}) or 0
    )


def region(session: Session, *, account_id: UUID) -> str:
    known = session.scalar(
        text("SELECT default_region FROM accounts WHERE account_id = :account"), {"account": account_id}
    )
    return known or "PL"


def day(session: Session, *, account_id: UUID, now: datetime) -> tuple[date, str]:
    """The account's day at that moment, and the time zone in which it is reckoned."""
    zone = session.scalar(text("SELECT time_zone FROM accounts WHERE account_id = :account"), {"account": account_id})
    known = zone or DEFAULT_ZONE
    # PostgreSQL reckons the days that rules compare, so it says which one this is too.
    today = text("SELECT CAST(CAST(:now AS timestamptz) AT TIME ZONE :zone AS date)")
    return session.execute(today, {"now": now, "zone": known}).scalar_one(), known


def set_zone(session: Session, *, account_id: UUID, time_zone: str, said_at: datetime) -> None:
    """What was said later stands, in whatever order it is heard; a zone that PostgreSQL does not know is left out."""
    session.execute(text(_LOCK.format("")), {"account": account_id})
    session.execute(
        text(
            "INSERT INTO accounts (account_id, time_zone, zone_said_at)"
            " SELECT :account, :zone, :said_at WHERE EXISTS (SELECT FROM pg_timezone_names WHERE name = :zone)"
            " ON CONFLICT (account_id) DO UPDATE SET time_zone = :zone, zone_said_at = :said_at"
            " WHERE accounts.zone_said_at IS NULL OR accounts.zone_said_at < :said_at"
        ),
        {"account": account_id, "zone": time_zone, "said_at": said_at},
    )


def find(session: Session, *, account_id: UUID, contact_id: UUID, lock: bool = False) -> RowMapping | None:
    return (
        session.execute(
            text("SELECT * FROM contacts WHERE id = :id AND account_id = :account" + (" FOR UPDATE" if lock else "")),
            {"id": contact_id, "account": account_id},
        )
        .mappings()
        .one_or_none()
    )


def has_moved(session: Session, *, account_id: UUID, contact_id: UUID) -> bool:
    """Whether the contact had other addresses before."""
    return bool(
        session.scalar(
            text("SELECT EXISTS (SELECT 1 FROM former_addresses WHERE account_id = :account AND contact_id = :id)"),
            {"account": account_id, "id": contact_id},
        )
    )


def find_ids(session: Session, *, account_id: UUID, contact_ids: Sequence[UUID]) -> dict[UUID, RowMapping]:
    """Those of the contacts that there are, by id."""
    rows = session.execute(
        text("SELECT * FROM contacts WHERE account_id = :account AND id = ANY(:ids)"),
        {"account": account_id, "ids": list(contact_ids)},
    ).mappings()
    return {row["id"]: row for row in rows}


def find_by(session: Session, *, account_id: UUID, column: str, value: str, lock: bool = False) -> RowMapping | None:
    """The contact with this e-mail, phone or external id; `column` is one of the three."""
    return (
        session.execute(
            text(
                f"SELECT * FROM contacts WHERE account_id = :account AND {column} = :value"
                + (" FOR UPDATE" if lock else "")
            ),
            {"value": value, "account": account_id},
        )
        .mappings()
        .one_or_none()
    )


def find_many(
    session: Session, *, account_id: UUID, column: str, values: Sequence[str], lock: bool = False
) -> list[RowMapping]:
    return list(
        session.execute(
            text(
                f"SELECT * FROM contacts WHERE account_id = :account AND {column} = ANY(:values)"
                + (" ORDER BY id FOR UPDATE" if lock else "")
            ),
            {"values": list(values), "account": account_id},
        ).mappings()
    )


def insert(session: Session, *, contact_id: UUID, account_id: UUID, values: Mapping[str, Any]) -> None:
    names = [name for name in COLUMNS if name in values]
    session.execute(
        text(
            f"INSERT INTO contacts (id, account_id, {', '.join(names)})"
            f" VALUES (:id, :account, {', '.join(':' + name for name in names)})"
        ),
        {"id": contact_id, "account": account_id, **_bound(values)},
    )


def insert_many(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add contacts in one statement; a row has `id`, `account_id` and all `COLUMNS`."""
    names = ", ".join(("id", "account_id", *COLUMNS))
    session.execute(
        text(
            f"INSERT INTO contacts ({names}) SELECT {names}"
            " FROM jsonb_populate_recordset(NULL::contacts, CAST(:rows AS jsonb))"
        ),
        {"rows": _json(rows)},
    )


# What lacks a value is not kept.
_WITH_CUSTOM = "jsonb_strip_nulls(c.custom || CAST(:set_custom AS jsonb))"


def update_many(session: Session, *, account_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write contacts whose rows are locked, in one statement; a row has `id` and all `COLUMNS` as they shall be."""
    session.execute(
        text(
            f"UPDATE contacts c SET {', '.join(f'{name} = r.{name}' for name in COLUMNS)}, updated_at = now()"
            " FROM jsonb_populate_recordset(NULL::contacts, CAST(:rows AS jsonb)) r"
            " WHERE c.account_id = :account AND c.id = r.id"
        ),
        {"account": account_id, "rows": _json(rows)},
    )


def update(session: Session, *, account_id: UUID, contact_id: UUID, values: Mapping[str, Any]) -> None:
    names = [name for name in COLUMNS if name in values]
    session.execute(
        text(
            f"UPDATE contacts SET {', '.join(f'{name} = :{name}' for name in names)}, updated_at = now()"
            " WHERE id = :id AND account_id = :account"
        ),
        {"id": contact_id, "account": account_id, **_bound(values)},
    )


def differs(columns: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """SQL over `c`: not all of these columns are so yet; and what it binds."""
    plain = [name for name in columns if name != "custom"]
    parts = [f"c.{name} IS DISTINCT FROM CAST(:set_{name} AS text)" for name in plain]
    bound = {f"set_{name}": columns[name] for name in plain}
    if "custom" in columns:
        # Compared with what the contact would have: a slot that is emptied is none.
        parts.append(f"c.custom IS DISTINCT FROM {_WITH_CUSTOM}")
        bound["set_custom"] = orjson.dumps(columns["custom"]).decode()
    return f"({' OR '.join(parts)})", bound


def set_columns(session: Session, *, account_id: UUID, contact_ids: Sequence[UUID], columns: Mapping[str, Any]) -> int:
    """Give these contacts the same values; returns how many had others. `custom` adds to what they have."""
    where, bound = differs(columns)
    written = [f"{name} = CAST(:set_{name} AS text)" for name in columns if name != "custom"]
    if "custom" in columns:
        written.append(f"custom = {_WITH_CUSTOM}")
    return changed(
        session,
        f"UPDATE contacts c SET {', '.join(written)}, updated_at = now()"
        f" WHERE c.account_id = :account AND c.id = ANY(:ids) AND {where}",
        **bound,
        account=account_id,
        ids=list(contact_ids),
    )


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps([{**row, "custom": _filled(row["custom"])} for row in rows]).decode()


def _filled(custom: Mapping[str, Any]) -> dict[str, Any]:
    """What lacks a value is not kept: to SQL a JSON null is something."""
    return {slot: value for slot, value in custom.items() if value is not None}


def _bound(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: orjson.dumps(_filled(value)).decode() if name == "custom" else value
        for name, value in values.items()
        if name in COLUMNS
    }


def delete(session: Session, *, account_id: UUID, contact_ids: Sequence[UUID]) -> int:
    """Delete contacts and their places in groups; returns how many there were."""
    parameters = {"ids": list(contact_ids), "account": account_id}
    session.execute(
        text("DELETE FROM group_members WHERE contact_id = ANY(:ids) AND account_id = :account"), parameters
    )
    return changed(session, "DELETE FROM contacts WHERE id = ANY(:ids) AND account_id = :account", **parameters)


def groups(session: Session, contact_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Groups, `id` and `name`, by contact."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    rows = session.execute(
        text(
            "SELECT m.contact_id, g.id, g.name FROM group_members m JOIN groups g ON g.id = m.group_id"
            " WHERE m.contact_id = ANY(:ids) ORDER BY g.id"
        ),
        {"ids": list(contact_ids)},
    )
    for contact_id, group_id, name in rows:
        found.setdefault(contact_id, []).append({"id": group_id, "name": name})
    return found


def count(session: Session, *, account_id: UUID, where: Sequence[str], parameters: Mapping[str, Any]) -> int:
    conditions = ["c.account_id = :account", *where]
    return int(
        session.scalar(
            text(f"SELECT count(*) FROM contacts c WHERE {' AND '.join(conditions)}"),
            {**parameters, "account": account_id},
        )
        or 0
    )


def forget_erasure(session: Session, *, account_id: UUID, addresses: Sequence[str]) -> None:
    """Somebody who was erased is added again on purpose: by themselves or by hand, never by a list."""
    session.execute(
        text("DELETE FROM erased WHERE account_id = :account AND hash = ANY(CAST(:marks AS bytea[]))"),
        {"account": account_id, "marks": list(_address_by_mark(session, account_id, addresses))},
    )


def erased(session: Session, *, account_id: UUID, addresses: Sequence[str]) -> list[str]:
    """Those of `addresses` that were erased."""
    address_by_mark = _address_by_mark(session, account_id, addresses)
    marks = session.scalars(
        text("SELECT hash FROM erased WHERE account_id = :account AND hash = ANY(CAST(:marks AS bytea[]))"),
        {"account": account_id, "marks": list(address_by_mark)},
    )
    return sorted({address_by_mark[bytes(mark)] for mark in marks})


def erased_marks(session: Session, *, account_id: UUID) -> set[bytes]:
    """The hashes of every address that the account erased; `marks_of` gives those of an address."""
    marks = session.scalars(text("SELECT hash FROM erased WHERE account_id = :account"), {"account": account_id})
    return {bytes(mark) for mark in marks}


def remember_erasure(session: Session, *, account_id: UUID, addresses: Sequence[str]) -> None:
    """Keep a keyed hash of each address (`chassis.erasures`), so that no list brings it back."""
    session.execute(
        text(
            "INSERT INTO erased (account_id, hash) SELECT :account, mark FROM unnest(CAST(:marks AS bytea[])) mark"
            " ON CONFLICT DO NOTHING"
        ),
        {"account": account_id, "marks": [erasures.marks(account_id, address)[0] for address in addresses]},
    )


def former_salt(session: Session, *, account_id: UUID) -> bytes | None:
    """What erased addresses were hashed with before there were keys: SHA-256 of salt and address, still looked for."""
    return session.scalar(text("SELECT hash_salt FROM accounts WHERE account_id = :account"), {"account": account_id})


def marks_of(account_id: UUID, address: str, salt: bytes | None) -> list[bytes]:
    """Every hash that an address may be remembered by. :param salt: `former_salt`."""
    former = [] if salt is None else [hashlib.sha256(salt + address.encode()).digest()]
    return [*erasures.marks(account_id, address), *former]


def _address_by_mark(session: Session, account_id: UUID, addresses: Sequence[str]) -> dict[bytes, str]:
    salt = former_salt(session, account_id=account_id)
    return {mark: address for address in addresses for mark in marks_of(account_id, address, salt)}
