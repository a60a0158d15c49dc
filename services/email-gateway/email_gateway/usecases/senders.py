"""Sender domains and single sender addresses: who may appear in From."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from email_gateway import domain as rules
from email_gateway import exceptions
from email_gateway.domain import SenderState
from email_gateway.mail import dkim
from email_gateway.models import DkimKey, SenderAddress, SenderDomain
from email_gateway.store import senders as store
from email_gateway.store import signing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from email_gateway.dependencies import Tools


def new_domain(tools: Tools, *, account_id: UUID, domain: str, algorithms: list[str]) -> SenderDomain:
    """A pending domain with fresh keys; made before the transaction, because keys take their time."""
    name = ascii_domain(domain)
    made = SenderDomain(
        domain_id=tools.new_id(),
        account_id=account_id,
        domain=name,
        state=SenderState.PENDING,
        ownership_token=secrets.token_hex(16),
        found={},
    )
    for number, algorithm in enumerate(dict.fromkeys(algorithms), start=1):
        pem = tools.new_key(algorithm)
        selector = f"wici{number}"
        record = dkim.dns_record(dkim.load_signer(name, selector, pem))
        made.keys.append(
            DkimKey(
                key_id=tools.new_id(),
                algorithm=algorithm,
                selector=selector,
                record=record,
                sealed_key=tools.vault.encrypt(pem),
            )
        )
    return made


def ascii_domain(domain: str) -> str:
    """Lower-case A-labels. :raises Invalid: it cannot be written so."""
    try:
        return domain.lower().rstrip(".").encode("idna").decode()
    except UnicodeError:
        raise exceptions.content_problems(
            [{"field": "domain", "code": "domain.invalid", "detail": "Not a valid domain name."}]
        ) from None


def add_domain(session: Session, made: SenderDomain) -> SenderDomain:
    if store.domain_by_name(session, account_id=made.account_id, domain=made.domain) is not None:
        raise exceptions.domain_exists()
    session.add(made)
    session.flush()
    session.refresh(made)
    return made


def get_domain(session: Session, *, account_id: UUID, domain_id: UUID, lock: bool = False) -> SenderDomain:
    found = store.domain_by_id(session, account_id=account_id, domain_id=domain_id, lock=lock)
    if found is None:
        raise exceptions.domain_not_found()
    return found


def records_of(tools: Tools, found: SenderDomain) -> list[rules.DnsRecord]:
    return rules.dns_records(
        found.domain,
        ownership_token=found.ownership_token,
        keys=[(key.selector, key.record) for key in found.keys],
        mail_host=tools.config.mail_host,
        public_host=tools.config.public_host,
    )


def look_up(tools: Tools, records: list[rules.DnsRecord]) -> dict[str, bool | None]:
    """What DNS says of each record: found, not found, or None where the name servers do not answer.

    All at once: name servers that are away cost five seconds, not five for each record.
    """
    with ThreadPoolExecutor(len(records)) as pool:
        answers = list(pool.map(lambda record: tools.look_up(record.name, record.type), records))
    return {
        record.purpose: None if answer is None else rules.is_record_found(record, answer)
        for record, answer in zip(records, answers, strict=True)
    }


def record_check(
    session: Session, tools: Tools, *, account_id: UUID, domain_id: UUID, found: dict[str, bool | None], now: datetime
) -> SenderDomain:
    """Keep what DNS said; the domain is verified when every required record is there.

    A verified domain stays so when a later check fails: a passing outage of DNS must not stop a campaign.
    """
    domain = get_domain(session, account_id=account_id, domain_id=domain_id, lock=True)
    domain.found, domain.checked_at = found, now
    if domain.state == SenderState.PENDING and rules.are_required_found(records_of(tools, domain), found):
        domain.state, domain.verified_at, domain.verified_by = SenderState.VERIFIED, now, "dns"
    return domain


def approve_domain(session: Session, *, operator_id: str, domain_id: UUID, reason: str, now: datetime) -> SenderDomain:
    """An operator vouches for the domain, with a reason that is kept."""
    domain = store.any_domain_by_id(session, domain_id=domain_id)
    if domain is None:
        raise exceptions.domain_not_found()
    if domain.state == SenderState.PENDING:
        domain.state, domain.verified_at = SenderState.VERIFIED, now
        domain.verified_by, domain.reason = operator_id, reason
    return domain


def delete_domain(session: Session, *, account_id: UUID, domain_id: UUID) -> None:
    if not store.delete_domain(session, account_id=account_id, domain_id=domain_id):
        raise exceptions.domain_not_found()


def domain_json(tools: Tools, found: SenderDomain) -> dict[str, Any]:
    records = [
        {
            "purpose": record.purpose.partition(":")[0],
            "type": record.type,
            "name": record.name,
            "value": record.value,
            "required": record.required,
            "found": found.found.get(record.purpose),
        }
        for record in records_of(tools, found)
    ]
    return {
        "id": found.domain_id,
        "account_id": found.account_id,
        "domain": found.domain,
        "state": found.state,
        "records": records,
        "created_at": found.created_at,
        "verified_at": found.verified_at,
        "checked_at": found.checked_at,
        "verified_by": found.verified_by,
        "reason": found.reason,
    }


# Single addresses


def add_address(
    session: Session, tools: Tools, *, account_id: UUID, email: str, name: str | None, now: datetime
) -> tuple[SenderAddress, str | None]:
    """A new sender address, and the code to mail to it; none where its domain is verified already."""
    email = normalised(email)
    if store.address_by_email(session, account_id=account_id, email=email) is not None:
        raise exceptions.address_exists()
    domain = store.domain_by_name(session, account_id=account_id, domain=email.rpartition("@")[2])
    is_covered = domain is not None and domain.state == SenderState.VERIFIED
    code = None if is_covered else f"{secrets.randbelow(10**6):06d}"
    address = SenderAddress(
        address_id=tools.new_id(),
        account_id=account_id,
        email=email,
        name=name,
        state=SenderState.VERIFIED if is_covered else SenderState.PENDING,
        code_hash=None if code is None else _hash_of(code),
        tries_left=rules.CODE_TRIES,
        code_expires_at=now + rules.CODE_LIFETIME,
    )
    session.add(address)
    session.flush()
    session.refresh(address)
    return address, code


def confirm_address(
    session: Session, *, account_id: UUID, address_id: UUID, code: str, now: datetime
) -> tuple[SenderAddress, bool]:
    """The address and whether the code was right; a wrong one uses up a try, which the caller commits."""
    address = store.address_by_id(session, account_id=account_id, address_id=address_id)
    if address is None:
        raise exceptions.address_not_found()
    if address.state == SenderState.VERIFIED:
        return address, True
    is_live = address.tries_left > 0 and address.code_expires_at is not None and now < address.code_expires_at
    if is_live and hmac.compare_digest(address.code_hash or "", _hash_of(code)):
        address.state, address.code_hash = SenderState.VERIFIED, None
        return address, True
    address.tries_left = max(0, address.tries_left - 1)
    return address, False


def may_send(session: Session, *, account_id: UUID, email: str) -> bool:
    return signing.may_send_from(session, account_id=account_id, email=normalised(email))


def address_json(address: SenderAddress) -> dict[str, Any]:
    return {
        "id": address.address_id,
        "email": address.email,
        "name": address.name,
        "state": address.state,
        "created_at": address.created_at,
    }


def normalised(email: str) -> str:
    """The address with its domain in lower-case A-labels."""
    local, _, domain = email.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def _hash_of(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
