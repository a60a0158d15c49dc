"""What it takes to compose from a stored content: its document, and the keys of its sender."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.database import columns, cursor_of
from email_gateway.domain.alignment import Standing, is_refused
from email_gateway.domain.dns_records import has_return_path
from email_gateway.domain.senders import SYSTEM_ACCOUNT, KeyState, SenderState
from email_gateway.models import Content, SenderAddress, SenderDomain
from email_gateway.store import policies

AUTHORISED = (
    "SELECT k.account_id, k.domain FROM unnest(%s::uuid[], %s::text[]) AS k(account_id, domain)"
    " JOIN sender_domains d ON d.account_id = k.account_id AND d.domain = k.domain AND d.state = 'verified'"
)


@dataclass(frozen=True)
class Signing:
    """A content and the domain that signs for it; `domain` is None where nobody may send from its address.

    :param is_stopped: the domain has lost its records, so that no campaign leaves from it.
    """

    document: dict[str, Any]
    domain: str | None
    keys: tuple[tuple[str, bytes], ...] = ()  # (selector, encrypted PEM)
    return_path: str = ""  # the domain of envelope senders
    link_host: str | None = None  # of its links, with its port; None: the platform's
    is_stopped: bool = False


def load(session: Session, content_hash: str) -> Signing | None:
    """The content and its sender's keys as they are now, or None for an unknown hash.

    The account's own verified domain signs; for a verified single address, Wici's system domain does.
    """
    content = session.get(Content, content_hash)
    if content is None:
        return None
    email = str(content.document["from_email"])
    domain = _verified_domain(session, content.account_id, email.rpartition("@")[2])
    if (
        domain is None
        and standing_of_address(session, account_id=content.account_id, email=email) is Standing.AUTHORISED
    ):
        domain = _system_domain(session)
    if domain is None:
        return Signing(content.document, None)
    keys = tuple((key.selector, bytes(key.sealed_key)) for key in domain.keys if key.state == KeyState.ACTIVE)
    bouncing = _bouncing_domain(session, domain)
    bounces = f"{bouncing.return_path_label}.{bouncing.domain}"
    is_stopped = domain.stopped_at is not None
    return Signing(content.document, domain.domain, keys, bounces, domain.link_host, is_stopped)


def _bouncing_domain(session: Session, domain: SenderDomain) -> SenderDomain:
    """The domain itself, where bounces to it reach us; else the platform's, for who vouches looks at no records."""
    if domain.account_id == SYSTEM_ACCOUNT or has_return_path(domain.found):
        return domain
    return _system_domain(session) or domain


def _system_domain(session: Session) -> SenderDomain | None:
    return session.scalar(
        select(SenderDomain).where(SenderDomain.account_id == SYSTEM_ACCOUNT).order_by(SenderDomain.created_at.desc())
    )


def _verified_domain(session: Session, account_id: Any, domain: str) -> SenderDomain | None:
    return session.scalar(
        select(SenderDomain).where(
            SenderDomain.account_id == account_id,
            SenderDomain.domain == domain,
            SenderDomain.state == SenderState.VERIFIED,
        )
    )


def is_stopped(session: Session, *, account_id: Any, email: str) -> bool:
    """Whether no campaign may leave from this address, because its domain has lost its records."""
    domain = _verified_domain(session, account_id, email.rpartition("@")[2])
    return domain is not None and domain.stopped_at is not None


def _is_verified_address(session: Session, account_id: Any, email: str) -> bool:
    found = session.scalar(
        select(SenderAddress.address_id).where(
            SenderAddress.account_id == account_id,
            SenderAddress.email == email,
            SenderAddress.state == SenderState.VERIFIED,
        )
    )
    return found is not None


def standing(session: Session, *, account_id: UUID, email: str) -> Standing:
    """Whether the account may send from this address: a verified domain, or the verified address itself."""
    return standings(session, [(account_id, email)])[account_id, email]


def standings(session: Session, senders: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], Standing]:
    """`standing` of accounts and addresses; of all that have a verified domain by one statement."""
    domains = {(account_id, email.rpartition("@")[2]) for account_id, email in senders}
    with cursor_of(session) as cursor:
        authorised = set(cursor.execute(AUTHORISED, columns(sorted(domains), 2)).fetchall()) if domains else set()
    return {
        (account_id, email): Standing.AUTHORISED
        if (account_id, email.rpartition("@")[2]) in authorised
        else standing_of_address(session, account_id=account_id, email=email)
        for account_id, email in senders
    }


def standing_of_address(session: Session, *, account_id: UUID, email: str) -> Standing:
    """The same of an address whose domain the account has not verified.

    DNS is not asked: what the address's domain said when it was asked last, decides.
    """
    domain = email.rpartition("@")[2]
    if not _is_verified_address(session, account_id, email):
        return Standing.UNVERIFIED
    policy = policies.policies(session, [domain]).get(domain)
    if not is_refused(domain, policy):
        return Standing.AUTHORISED
    system = _system_domain(session)
    return Standing.AUTHORISED if system is not None and system.domain == domain else Standing.UNALIGNED
