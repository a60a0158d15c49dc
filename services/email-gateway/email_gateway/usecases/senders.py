"""Sender domains, and who may appear in From."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import acts, pages
from chassis.actors import account_of, operator_of
from chassis.database import Database, Session
from contracts import domains
from contracts.email_gateway import senders as contract
from contracts.etags import ensure_current
from contracts.events import EMAIL_GATEWAY_ACT
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.content import dkim
from email_gateway.domain import senders as rules
from email_gateway.domain.alignment import Standing
from email_gateway.domain.dns_records import DEFAULT_NAMES, SELECTOR, Names, has_room_below
from email_gateway.domain.senders import KeyState, SenderState
from email_gateway.models import DkimKey, SenderDomain
from email_gateway.store import dmarc, signing
from email_gateway.store import senders as store
from email_gateway.usecases import sender_checks, short_link_hosts, views
from email_gateway.usecases.ports import Tools
from email_gateway.usecases.views import records_of

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
    selector: str = SELECTOR,
    return_path_label: str = DEFAULT_NAMES.return_path,
    link_label: str = DEFAULT_NAMES.link,
) -> views.View:
    """A pending domain with keys of its own; they are made before the transaction, because they take their time.

    :param account: `contracts.identity.accounts.Account`. :param selector: what those of its keys begin with.
    :raises Conflict: the account has it already. :raises PlanLimit: it has as many as its plan allows.
    :raises TooManyRequests: enough keys were made for it today. :raises Unavailable: too many are made now.
    """
    account_id, most, names = account_of(actor), rules.most_domains(account), _names(return_path_label, link_label)
    name = ascii_domain(domain)
    if not has_room_below(name, names=names, selector=selector):
        raise exceptions.domain_invalid()
    with database.transaction() as session:
        _ensure_new(session, account_id, name, most)
        if not store.count_keys(session, account_id=account_id, keys=len(set(algorithms)), most=rules.KEYS_A_DAY):
            raise exceptions.too_many_keys(rules.CODES_PERIOD)
    made = new_domain(
        tools, account_id=account_id, domain=domain, algorithms=algorithms, selector=selector, names=names
    )
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


def _names(return_path_label: str, link_label: str) -> Names:
    """:raises Invalid: both are one: no name has MX and CNAME records."""
    if return_path_label == link_label:
        detail = "The return path and the links need names of their own."
        raise exceptions.content_problems(
            [{"field": "link_label", "code": "sender_domain.one_label", "detail": detail}]
        )
    return Names(return_path_label, link_label)


def new_domain(
    tools: Tools,
    *,
    account_id: UUID,
    domain: str,
    algorithms: list[str],
    selector: str = SELECTOR,
    names: Names = DEFAULT_NAMES,
) -> SenderDomain:
    """A pending domain with new keys."""
    name = ascii_domain(domain)
    return SenderDomain(
        domain_id=tools.new_id(),
        account_id=account_id,
        domain=name,
        state=SenderState.PENDING,
        ownership_token=secrets.token_hex(16),
        found={},
        return_path_label=names.return_path,
        link_label=names.link,
        keys=_new_keys(tools, account_id, name, algorithms, selector),
    )


def _new_keys(
    tools: Tools,
    account_id: UUID,
    domain: str,
    algorithms: list[str],
    selector: str,
    *,
    after: int = 0,
    state: KeyState = KeyState.ACTIVE,
) -> list[DkimKey]:
    """Of each algorithm one; `after` is the last number that a selector has."""
    keys = []
    for number, algorithm in enumerate(dict.fromkeys(algorithms), start=after + 1):
        pem = tools.new_key(algorithm, account_id)
        record = dkim.dns_record(dkim.load_signer(domain, f"{selector}{number}", pem))
        keys.append(
            DkimKey(
                key_id=tools.new_id(),
                algorithm=algorithm,
                selector=f"{selector}{number}",
                record=record,
                sealed_key=tools.vault.encrypt(pem),
                state=state,
            )
        )
    return keys


def ascii_domain(domain: str) -> str:
    """Lower-case A-labels. :raises Invalid: it cannot be written so."""
    try:
        return domains.ascii_domain(domain.rstrip("."))
    except UnicodeError:
        raise exceptions.domain_invalid() from None


def get_sender_domain(session: Session, *, actor: Actor, now: datetime, tools: Tools, domain_id: UUID) -> views.View:
    domain = _domain(session, account_of(actor), domain_id)
    return views.sender_domain(domain, records_of(tools, domain))


def _domain(session: Session, account_id: UUID, domain_id: UUID, *, lock: bool = False) -> SenderDomain:
    found = store.domain_by_id(session, account_id=account_id, domain_id=domain_id, lock=lock)
    if found is None:
        raise exceptions.domain_not_found()
    return found


def check_sender_domain(
    database: Database, *, actor: Actor, now: datetime, tools: Tools, domain_id: UUID
) -> views.View:
    """Look the records up (no transaction is open meanwhile), then keep what was seen.

    The domain is verified when every required record is there. A verified domain stays so when a later check fails: a
    passing outage of DNS must not stop a campaign, and what is really gone stops campaigns alone, after a grace.
    """
    account_id = account_of(actor)
    with database.transaction() as session:
        records = records_of(tools, _domain(session, account_id, domain_id))
    findings = sender_checks.look_up(tools, records)
    host = sender_checks.link_host_of(tools, records, findings)
    with database.transaction() as session:
        domain = _domain(session, account_id, domain_id, lock=True)
        sender_checks.keep(session, tools, actor, domain, findings, host, now)
        session.flush()
        return views.sender_domain(domain, records_of(tools, domain))


def rotate_keys(
    database: Database, *, actor: Actor, now: datetime, tools: Tools, domain_id: UUID, algorithms: list[str] | None
) -> views.View:
    """New DKIM keys beside those that sign, which they replace once their records are found.

    :param algorithms: of the new keys; None: those of the keys that sign.
    :raises Conflict: new ones wait for their records already. :raises TooManyRequests: enough were made today.
    """
    account_id = account_of(actor)
    with database.transaction() as session:
        domain = _domain(session, account_id, domain_id)
        _ensure_no_keys_wait(domain)
        wanted = algorithms or [key.algorithm for key in domain.keys if key.state == KeyState.ACTIVE]
        name, (selector, number) = domain.domain, _last_selector(domain)
        if not store.count_keys(session, account_id=account_id, keys=len(set(wanted)), most=rules.KEYS_A_DAY):
            raise exceptions.too_many_keys(rules.CODES_PERIOD)
    made = _new_keys(tools, account_id, name, wanted, selector, after=number, state=KeyState.NEXT)
    with database.transaction() as session:
        domain = _domain(session, account_id, domain_id, lock=True)
        _ensure_no_keys_wait(domain)
        domain.keys.extend(made)
        session.flush()
        _record(session, actor, "sender_domain.keys_made", domain)
        return views.sender_domain(domain, records_of(tools, domain))


def _ensure_no_keys_wait(domain: SenderDomain) -> None:
    if any(key.state == KeyState.NEXT for key in domain.keys):
        raise exceptions.keys_wait()


def _last_selector(domain: SenderDomain) -> tuple[str, int]:
    """What the selectors of its keys begin with, and the highest number behind that."""
    selectors = [key.selector for key in domain.keys]
    stem = selectors[0].rstrip("0123456789")
    return stem, max(int(selector.removeprefix(stem)) for selector in selectors)


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


def delete_sender_domain(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: Tools,
    domain_id: UUID,
    if_match: list[str] | None = None,
) -> None:
    domain = _domain(session, account_of(actor), domain_id, lock=True)
    ensure_current(if_match, contract.SenderDomain, views.sender_domain(domain, records_of(tools, domain)))
    store.delete_domain(session, account_id=domain.account_id, domain_id=domain_id)
    short_link_hosts.note_deleted(session, domain)
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
