"""Submissions of forms: waiting for the click in the mail, then the evidence of a consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from contacts.domain.sign_ups import KEEP_UNCONFIRMED, MAIL_WINDOW

_COLUMNS = (
    "id", "account_id", "form_id", "form_name", "token_hash", "email", "given", "channels", "language",
    "consent_version", "consent_text", "submitted_at", "submitted_from", "submitted_agent", "expires_at",
)  # fmt: skip
_STATES = {
    "pending": "confirmed_at IS NULL AND expires_at > :now",
    "expired": "confirmed_at IS NULL AND expires_at <= :now",
    "confirmed": "confirmed_at IS NOT NULL",
}


def mails_to(session: Session, *, account_id: UUID, address: bytes, now: datetime) -> tuple[int, int]:
    """How many confirmation mails an address (by its hash) got in the window: of the account, and of all accounts.

    The caller holds the address until the transaction ends, so that the count holds under concurrency.
    """
    session.execute(
        text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(address[:8], "big", signed=True)}
    )
    row = session.execute(
        text(
            "SELECT count(*) FILTER (WHERE account_id = :account), count(*) FROM confirmation_mails"
            " WHERE address = :address AND sent_at > :since"
        ),
        {"account": account_id, "address": address, "since": now - MAIL_WINDOW},
    ).one()
    return row[0], row[1]


def count_mail(session: Session, *, account_id: UUID, address: bytes, now: datetime) -> None:
    session.execute(
        text("INSERT INTO confirmation_mails (address, account_id, sent_at) VALUES (:address, :account, :now)"),
        {"address": address, "account": account_id, "now": now},
    )


def insert(session: Session, values: Mapping[str, Any]) -> None:
    session.execute(
        text(f"INSERT INTO submissions ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + name for name in _COLUMNS)})"),
        {**values, "given": orjson.dumps(values["given"]).decode()},
    )


def account_of_token(session: Session, *, token_hash: bytes) -> UUID | None:
    return session.scalar(text("SELECT account_id FROM submissions WHERE token_hash = :hash"), {"hash": token_hash})


def find_by_token(session: Session, *, token_hash: bytes, lock: bool = False) -> RowMapping | None:
    """The submission that a link in a mail stands for, with what its page shows of the form, if that is still there."""
    return (
        session.execute(
            text(
                "SELECT s.*, f.title, f.account_name, f.confirmed_url, f.group_ids,"
                " CASE WHEN NOT f.archived THEN f.id END AS open_form_id"
                " FROM submissions s LEFT JOIN forms f ON f.id = s.form_id AND f.account_id = s.account_id"
                " WHERE s.token_hash = :hash" + (" FOR UPDATE OF s" if lock else "")
            ),
            {"hash": token_hash},
        )
        .mappings()
        .one_or_none()
    )


def is_confirmed_since(session: Session, submission: Mapping[Any, Any]) -> bool:
    """Whether another submission of the same address and form was confirmed after this one was made."""
    later = session.scalar(
        text(
            "SELECT 1 FROM submissions WHERE account_id = :account AND email = :email AND form_id = :form"
            " AND confirmed_at >= :since LIMIT 1"
        ),
        {
            "account": submission["account_id"],
            "email": submission["email"],
            "form": submission["form_id"],
            "since": submission["submitted_at"],
        },
    )
    return later is not None


def confirm(
    session: Session,
    *,
    submission_id: UUID,
    account_id: UUID,
    now: datetime,
    address: str,
    user_agent: str,
    contact_id: UUID,
    granted: Sequence[str],
) -> None:
    session.execute(
        text(
            "UPDATE submissions SET confirmed_at = :now, confirmed_from = :address, confirmed_agent = :agent,"
            " contact_id = :contact, granted = :granted WHERE id = :id AND account_id = :account"
        ),
        {
            "id": submission_id,
            "account": account_id,
            "now": now,
            "address": address,
            "agent": user_agent,
            "contact": contact_id,
            "granted": list(granted),
        },
    )


def page(
    session: Session,
    *,
    account_id: UUID,
    form_id: UUID,
    state: str | None,
    now: datetime,
    after: UUID | None,
    limit: int,
) -> list[RowMapping]:
    return list(
        session.execute(
            text(
                "SELECT * FROM submissions WHERE account_id = :account AND form_id = :form"
                f" AND {_STATES[state] if state else 'CAST(:now AS timestamptz) IS NOT NULL'}"
                " AND (CAST(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT :limit"
            ),
            {"account": account_id, "form": form_id, "now": now, "after": after, "limit": limit},
        ).mappings()
    )


# Evidence goes with its contact; a phone in it may be somebody else's by now.
_OF_ADDRESSES = (
    "account_id = :account AND (email = ANY(:addresses)"
    " OR (confirmed_at IS NULL AND given ->> 'phone' = ANY(:addresses)))"
)


def of_addresses(session: Session, *, account_id: UUID, addresses: Sequence[str]) -> list[RowMapping]:
    """What was submitted with these e-mail addresses, or with these phones and never confirmed."""
    return list(
        session.execute(
            text(f"SELECT * FROM submissions WHERE {_OF_ADDRESSES} ORDER BY id"),
            {"account": account_id, "addresses": list(addresses)},
        ).mappings()
    )


def forget_addresses(session: Session, *, account_id: UUID, addresses: Sequence[str]) -> None:
    """Erase all of that."""
    session.execute(
        text(f"DELETE FROM submissions WHERE {_OF_ADDRESSES}"), {"account": account_id, "addresses": list(addresses)}
    )


def sweep(session: Session, *, now: datetime) -> None:
    """Delete what was not confirmed in time, and the counts of mails that no longer matter."""
    session.execute(
        text("DELETE FROM submissions WHERE confirmed_at IS NULL AND submitted_at < :before"),
        {"before": now - KEEP_UNCONFIRMED},
    )
    session.execute(text("DELETE FROM confirmation_mails WHERE sent_at < :before"), {"before": now - MAIL_WINDOW})
