"""Sender domains, and who may appear in From."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from chassis import acts, pages
from chassis.actors import account_of, operator_of
from chassis.database import Database, Session
from chassis.logs import get_logger
from contracts import domains
from contracts.events import EMAIL_GATEWAY_ACT
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.content import dkim
from email_gateway.domain import senders as rules
from email_gateway.domain.alignment import Standing
from email_gateway.domain.senders import SenderState
from email_gateway.models import DkimKey, SenderDomain
from email_gateway.store import dmarc, signing
from email_gateway.store import senders as store
from email_gateway.usecases import views
from email_gateway.usecases.ports import Tools

log = get_logger()

CHECKED_AT_ONCE = 20  # domains in a round of the timer
MOST_PARTS = 100  # of a view of DMARC reports


def list_sender_domains(
    session: Session, *, actor: Actor, now: datetime, tools: Tools, cursor: str | None, limit: int
) -> pages.Page:
    rows = store.domains(session, account_id=account_of(actor), after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, lambda row: views.sender_domain(row, records_of(tools, row)))


def list_all_sender_domains(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: Tools,
    account_id: UUID | None,
    state: str | None,
    cursor: str | None,
    limit: int,
) -> pages.Page:
    """Of every account, for operators."""
    operator_of(actor)
    after = pages.position(cursor)
    rows = store.all_domains(session, account_id=account_id, state=state, after=after, limit=limit + 1)
    return pages.page(rows, limit, lambda row: views.sender_domain(row, records_of(tools, row)))


def create_sender_domain(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    tools: Tools,
    account: Mapping[str, Any],
    domain: str,
    algorithms: list[str],
) -> views.View:
    """A pending domain with keys of its own; they are made before the transaction, because they take their time.

    :param account: `contracts.identity.accounts.Account`.
    :raises Conflict: the account has it already. :raises PlanLimit: it has as many as its plan allows.
    :raises TooManyRequests: enough keys were made for it today. :raises Unavailable: too many are made now.
    """
    account_id, most = account_of(actor), rules.most_domains(account)
    with database.transaction() as session:
        _ensure_new(session, account_id, ascii_domain(domain), most)
        if not store.count_keys(session, account_id=account_id, keys=len(set(algorithms)), most=rules.KEYS_A_DAY):
            raise exceptions.too_many_keys(rules.CODES_PERIOD)
    made = new_domain(tools, account_id=account_id, domain=domain, algorithms=algorithms)
    with database.transaction() as session:
        store.hold_domains(session, account_id)
        _ensure_new(session, account_id, made.domain, most)
        if not store.add_domain(session, made):
            raise exceptions.domain_exists()
        session.refresh(made)
        _record(session, actor, "sender_domain.added", made)
        return views.sender_domain(made, records_of(tools, made))


def _ensure_new(session: Session, account_id: UUID, domain: str, most: int) -> None:
    if store.domain_by_name(session, account_id=account_id, domain=domain) is not None:
        raise exceptions.domain_exists()
    if store.count_domains(session, account_id=account_id) >= most:
        raise exceptions.too_many_domains(most)


def new_domain(tools: Tools, *, account_id: UUID, domain: str, algorithms: list[str]) -> SenderDomain:
    """A pending domain with new keys."""
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
        pem = tools.new_key(algorithm, account_id)
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
        return domains.ascii_domain(domain.rstrip("."))
    except UnicodeError:
        raise exceptions.content_problems(
            [{"field": "domain", "code": "domain.invalid", "detail": "Not a valid domain name."}]
        ) from None


def get_sender_domain(session: Session, *, actor: Actor, now: datetime, tools: Tools, domain_id: UUID) -> views.View:
    domain = _domain(session, account_of(actor), domain_id)
    return views.sender_domain(domain, records_of(tools, domain))


def _domain(session: Session, account_id: UUID, domain_id: UUID, *, lock: bool = False) -> SenderDomain:
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


def check_sender_domain(
    database: Database, *, actor: Actor, now: datetime, tools: Tools, domain_id: UUID
) -> views.View:
    """Look the records up (no transaction is open meanwhile), then keep what was seen.

    The domain is verified when every required record is there. A verified domain stays so when a later check fails: a
    passing outage of DNS must not stop a campaign.
    """
    account_id = account_of(actor)
    with database.transaction() as session:
        domain = _domain(session, account_id, domain_id)
        name, records = domain.domain, records_of(tools, domain)
    found = look_up(tools, records)
    host = link_host_of(tools, name, found)
    with database.transaction() as session:
        domain = _domain(session, account_id, domain_id, lock=True)
        if domain.state == SenderState.PENDING and rules.are_required_found(records_of(tools, domain), found):
            domain.state, domain.verified_at, domain.verified_by = SenderState.VERIFIED, now, "dns"
            _record(session, actor, "sender_domain.verified", domain)
        _keep_findings(domain, found, host, now)
        return views.sender_domain(domain, records_of(tools, domain))


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


def link_host_of(tools: Tools, domain: str, found: Mapping[str, bool | None]) -> str | None:
    """Host (and port, where ours has one) for the links of the domain's mails; None: the platform's own.

    A record alone is not enough: without a certificate of its name every link, and unsubscribing, would be dead.
    """
    host = rules.link_host(domain)
    if found["tracking"] is not True or not tools.serves_links(host):
        return None
    port = urlsplit(tools.config.public_url).port
    return host if port is None else f"{host}:{port}"


def check_due_domains(database: Database, *, now: datetime, tools: Tools) -> int:
    """Look the records of verified domains up that were looked up a day ago; how many were.

    Any number of processes may do it at once: each takes others.
    """
    with database.transaction() as session:
        due = store.take_due_domains(session, now=now, again=now + rules.CHECKED_AGAIN_AFTER, limit=CHECKED_AT_ONCE)
    for domain_id in due:
        with database.transaction() as session:
            domain = store.any_domain_by_id(session, domain_id=domain_id)
            name, records = (domain.domain, records_of(tools, domain)) if domain else ("", [])
        if not records:
            continue
        found = look_up(tools, records)
        host = link_host_of(tools, name, found)
        with database.transaction() as session:
            domain = store.any_domain_by_id(session, domain_id=domain_id)
            if domain is not None:
                _keep_findings(domain, found, host, now)
        log.info("sender_domain_checked", domain_id=str(domain_id), found=found, link_host=host)
    return len(due)


def _keep_findings(domain: SenderDomain, found: Mapping[str, bool | None], host: str | None, now: datetime) -> None:
    """Silence changes nothing but when the domain is looked at again."""
    domain.found, domain.checked_at = rules.kept_findings(domain.found, found), now
    if found["tracking"] is not None:
        domain.link_host = host
    if domain.state == SenderState.VERIFIED:
        is_silent = all(each is None for each in found.values())
        domain.check_due_at = now + (rules.CHECKED_AGAIN_AFTER if is_silent else rules.CHECKED_EVERY)


def approve_sender_domain(
    session: Session, *, actor: Actor, now: datetime, tools: Tools, domain_id: UUID, reason: str
) -> views.View:
    """An operator vouches for the domain, with a reason that is kept."""
    operator_id = operator_of(actor)
    domain = store.any_domain_by_id(session, domain_id=domain_id)
    if domain is None:
        raise exceptions.domain_not_found()
    if domain.state == SenderState.PENDING:
        domain.state, domain.verified_at = SenderState.VERIFIED, now
        domain.verified_by, domain.reason, domain.check_due_at = str(operator_id), reason, now
    told: dict[str, Any] = {"reason": reason, "account_id": domain.account_id, "domain": domain.domain}
    acts.record(session, EMAIL_GATEWAY_ACT, actor, "sender_domain.approved", target_id=domain.domain_id, **told)
    return views.sender_domain(domain, records_of(tools, domain))


def get_dmarc(session: Session, *, actor: Actor, now: datetime, domain_id: UUID, days: int) -> views.View:
    """What receivers reported of mail in the domain's name."""
    domain = _domain(session, account_of(actor), domain_id)
    asked: dict[str, Any] = {
        "account_id": domain.account_id,
        "domain_id": domain_id,
        "since": now - timedelta(days=days),
    }
    return {
        "domain": domain.domain,
        "since": asked["since"],
        **dmarc.totals(session, **asked)._asdict(),
        "sources": [row._asdict() for row in dmarc.by(session, "source", **asked, limit=MOST_PARTS)],
        "reporters": [row._asdict() for row in dmarc.by(session, "reporter", **asked, limit=MOST_PARTS)],
    }


def delete_sender_domain(session: Session, *, actor: Actor, now: datetime, domain_id: UUID) -> None:
    if not store.delete_domain(session, account_id=account_of(actor), domain_id=domain_id):
        raise exceptions.domain_not_found()
    acts.record(session, EMAIL_GATEWAY_ACT, actor, "sender_domain.deleted", target_id=domain_id)


def _record(session: Session, actor: Actor, action: str, domain: SenderDomain) -> None:
    acts.record(session, EMAIL_GATEWAY_ACT, actor, action, target_id=domain.domain_id, domain=domain.domain)


def check_sender(session: Session, *, actor: Actor, now: datetime, email: str) -> views.View:
    return {"authorised": may_send(session, account_id=account_of(actor), email=email)}


def may_send(session: Session, *, account_id: UUID, email: str) -> bool:
    standing = signing.standing(session, account_id=account_id, email=normalised(email))
    return standing is Standing.AUTHORISED


def normalised(email: str) -> str:
    """The address with its domain in lower-case A-labels."""
    local, _, domain = email.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"
