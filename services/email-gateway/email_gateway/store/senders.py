"""Queries on sender domains, their keys, and sender addresses."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from chassis.database import changed
from chassis.refusals import flush_unless_taken
from contracts.mailboxes import domains_of, mailbox
from email_gateway.domain.senders import SYSTEM_ACCOUNT, SenderState
from email_gateway.models import CodeMailed, KeysMade, SenderAddress, SenderDomain


def domain_by_id(session: Session, *, account_id: UUID, domain_id: UUID, lock: bool = False) -> SenderDomain | None:
    query = select(SenderDomain).where(SenderDomain.account_id == account_id, SenderDomain.domain_id == domain_id)
    return session.scalar(query.with_for_update() if lock else query)


def any_domain_by_id(session: Session, *, domain_id: UUID) -> SenderDomain | None:
    """Of any account: operators only."""
    return session.scalar(select(SenderDomain).where(SenderDomain.domain_id == domain_id).with_for_update())


def domain_by_name(session: Session, *, account_id: UUID, domain: str) -> SenderDomain | None:
    return session.scalar(
        select(SenderDomain).where(SenderDomain.account_id == account_id, SenderDomain.domain == domain)
    )


def verified_among(session: Session, *, account_id: UUID, domains: Collection[str]) -> set[str]:
    """Those of the domains that the account may send from."""
    query = select(SenderDomain.domain).where(
        SenderDomain.account_id == account_id,
        SenderDomain.domain.in_(domains),
        SenderDomain.state == SenderState.VERIFIED,
    )
    return set(session.scalars(query))


def hold_domains(session: Session, account_id: UUID) -> None:
    """Until the commit nobody else adds a domain of the account's: they can be counted."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended('sender_domains:' || :account, 0))")
    session.execute(lock, {"account": str(account_id)})


def short_link_domains(session: Session, *, account_id: UUID) -> Sequence[SenderDomain]:
    """Those of the account's that lend their host to short links; to be asked for while its domains are held."""
    query = select(SenderDomain).where(SenderDomain.account_id == account_id, SenderDomain.short_links)
    return session.scalars(query.with_for_update()).all()


def add_domain(session: Session, made: SenderDomain) -> bool:
    """False where the account has it already, perhaps since a moment ago: nothing is written."""
    session.add(made)
    return flush_unless_taken(session, "sender_domains_account_domain")


def add_if_new(session: Session, made: SenderDomain) -> None:
    """Add the domain unless somebody else did meanwhile."""
    hold_domains(session, made.account_id)
    if domain_by_name(session, account_id=made.account_id, domain=made.domain) is None:
        session.add(made)
        session.flush()


def count_domains(session: Session, *, account_id: UUID) -> int:
    query = select(func.count()).select_from(SenderDomain).where(SenderDomain.account_id == account_id)
    return session.scalar(query) or 0


_COUNT_KEYS = text(
    "INSERT INTO keys_made AS k (account_id, day, keys) VALUES (:account_id, current_date, :keys)"
    " ON CONFLICT (account_id) DO UPDATE SET day = current_date,"
    " keys = excluded.keys + CASE WHEN k.day = current_date THEN k.keys ELSE 0 END"
    " WHERE k.day <> current_date OR k.keys + excluded.keys <= :most"
)


def count_keys(session: Session, *, account_id: UUID, keys: int, most: int) -> bool:
    """Count keys that are to be made; False where the account would have more than `most` made today."""
    return bool(changed(session, _COUNT_KEYS, account_id=account_id, keys=keys, most=most))


def domains(session: Session, *, account_id: UUID, after: UUID | None, limit: int) -> Sequence[SenderDomain]:
    query = select(SenderDomain).where(SenderDomain.account_id == account_id)
    if after is not None:
        query = query.where(SenderDomain.domain_id > after)
    return session.scalars(query.order_by(SenderDomain.domain_id).limit(limit)).all()


def all_domains(
    session: Session, *, account_id: UUID | None, state: str | None, after: UUID | None, limit: int
) -> Sequence[SenderDomain]:
    """Of all accounts: operators only."""
    query = select(SenderDomain)
    if account_id is not None:
        query = query.where(SenderDomain.account_id == account_id)
    if state is not None:
        query = query.where(SenderDomain.state == state)
    if after is not None:
        query = query.where(SenderDomain.domain_id > after)
    return session.scalars(query.order_by(SenderDomain.domain_id).limit(limit)).all()


_IS_RETURN_PATH = text(
    "SELECT EXISTS (SELECT FROM sender_domains WHERE domain = :domain AND return_path_label = :label"
    " AND state = 'verified')"
)


def is_return_path(session: Session, host: str) -> bool:
    """Whether it is the return path of a domain that anybody is authorised to send from."""
    label, _, domain = host.partition(".")
    return bool(session.scalar(_IS_RETURN_PATH, {"domain": domain, "label": label}))


# A verified domain without a moment was verified by a process of the version before. Wici's own has none.
_TAKE_DUE = text(
    "UPDATE sender_domains SET check_due_at = :again WHERE domain_id IN (SELECT domain_id FROM sender_domains"
    " WHERE check_due_at <= :now"
    f" OR (check_due_at IS NULL AND state = 'verified' AND account_id <> '{SYSTEM_ACCOUNT}')"
    " ORDER BY check_due_at LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING domain_id"
)


def take_due_domains(session: Session, *, now: datetime, again: datetime, limit: int) -> list[UUID]:
    """Verified domains whose records are to be looked up; nobody else takes them before `again`."""
    found = session.execute(_TAKE_DUE, {"now": now, "again": again, "limit": limit})
    return [row.domain_id for row in found]


def delete_domain(session: Session, *, account_id: UUID, domain_id: UUID) -> bool:
    deleted = session.execute(
        delete(SenderDomain)
        .where(SenderDomain.account_id == account_id, SenderDomain.domain_id == domain_id)
        .returning(SenderDomain.domain_id)
    )
    return deleted.first() is not None


def address_by_id(session: Session, *, account_id: UUID, address_id: UUID) -> SenderAddress | None:
    return session.scalar(
        select(SenderAddress)
        .where(SenderAddress.account_id == account_id, SenderAddress.address_id == address_id)
        .with_for_update()
    )


def address_by_email(session: Session, *, account_id: UUID, email: str) -> SenderAddress | None:
    return session.scalar(
        select(SenderAddress).where(SenderAddress.account_id == account_id, SenderAddress.email == email)
    )


def add_address(session: Session, made: SenderAddress) -> bool:
    """False where the account has it already, perhaps since a moment ago: nothing is written."""
    session.add(made)
    return flush_unless_taken(session, "sender_addresses_account_email")


def delete_address(session: Session, *, account_id: UUID, email: str) -> None:
    session.execute(delete(SenderAddress).where(SenderAddress.account_id == account_id, SenderAddress.email == email))


_CODES_MAILED = text(
    "SELECT account_id, email FROM codes_mailed WHERE mailed_at > :since"
    " AND (account_id = :account_id OR split_part(lower(email), '@', 2) = ANY(:domains))"
)
_NOTE_CODE = text("INSERT INTO codes_mailed (account_id, email, mailed_at) VALUES (:account_id, :email, :now)")


def codes_mailed(session: Session, *, account_id: UUID, email: str, since: datetime) -> tuple[int, int]:
    """How many codes were mailed for the account, and to the mailbox in whatever spelling (`jan+1@`), since then.

    Until the commit nobody else counts.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('sender_codes'))"))
    values = {"account_id": account_id, "domains": domains_of(email), "since": since}
    found = session.execute(_CODES_MAILED, values).all()
    wanted = mailbox(email)
    return sum(row.account_id == account_id for row in found), sum(mailbox(row.email) == wanted for row in found)


def note_code_mailed(session: Session, *, account_id: UUID, email: str, now: datetime) -> None:
    session.execute(_NOTE_CODE, {"account_id": account_id, "email": email, "now": now})


def forget_codes(session: Session, *, until: datetime) -> None:
    session.execute(delete(CodeMailed).where(CodeMailed.mailed_at <= until))


def addresses(session: Session, *, account_id: UUID, after: UUID | None, limit: int) -> Sequence[SenderAddress]:
    query = select(SenderAddress).where(SenderAddress.account_id == account_id)
    if after is not None:
        query = query.where(SenderAddress.address_id > after)
    return session.scalars(query.order_by(SenderAddress.address_id).limit(limit)).all()


def erase_account(session: Session, *, account_id: UUID) -> None:
    session.execute(delete(SenderDomain).where(SenderDomain.account_id == account_id))
    session.execute(delete(SenderAddress).where(SenderAddress.account_id == account_id))
    session.execute(delete(CodeMailed).where(CodeMailed.account_id == account_id))
    session.execute(delete(KeysMade).where(KeysMade.account_id == account_id))
