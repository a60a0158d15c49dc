"""Looking a sender domain's records up, and what follows: it is verified, new keys sign, or its campaigns stop."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from chassis import acts
from chassis.database import Database, Session
from chassis.logs import get_logger
from contracts.events import EMAIL_GATEWAY_ACT
from contracts.rpc import Actor
from email_gateway.domain import dns_records as rules
from email_gateway.domain import senders
from email_gateway.domain.dns_records import DnsRecord, Finding
from email_gateway.domain.senders import KeyState, SenderState
from email_gateway.models import SenderDomain
from email_gateway.store import senders as store
from email_gateway.usecases import short_link_hosts
from email_gateway.usecases.ports import Tools
from email_gateway.usecases.views import missing_records, records_of

log = get_logger()

CHECKED_AT_ONCE = 20  # domains in a round of the timer
BY_DNS = "dns"


def look_up(tools: Tools, records: list[DnsRecord]) -> dict[str, Finding]:
    """What DNS says of each record, by its purpose.

    All at once: name servers that are away cost five seconds, not five for each record.
    """
    with ThreadPoolExecutor(len(records)) as pool:
        found = list(pool.map(lambda record: _look_up_one(tools, record), records))
    return {record.purpose: finding for record, finding in zip(records, found, strict=True)}


def _look_up_one(tools: Tools, record: DnsRecord) -> Finding:
    answers = tools.look_up(record.name, record.type)
    if answers == []:
        doubled = tools.look_up(rules.doubled_name(record), record.type)
        return rules.finding(record, answers, is_doubled=bool(doubled and rules.is_found(record, doubled)))
    return rules.finding(record, answers)


def link_host_of(tools: Tools, records: list[DnsRecord], findings: Mapping[str, Finding]) -> str | None:
    """Host (and port, where ours has one) for the links of the domain's mails; None: the platform's own.

    A record alone is not enough: without a certificate of its name every link, and unsubscribing, would be dead.
    """
    (host,) = [record.name for record in records if record.purpose == "tracking"]
    if not findings["tracking"].found or not tools.serves_links(host):
        return None
    port = urlsplit(tools.config.public_url).port
    return host if port is None else f"{host}:{port}"


def check_due_domains(database: Database, *, now: datetime, tools: Tools) -> int:
    """Look the records of verified domains up that were looked up a day ago; how many were.

    Any number of processes may do it at once: each takes others.
    """
    with database.transaction() as session:
        due = store.take_due_domains(session, now=now, again=now + senders.CHECKED_AGAIN_AFTER, limit=CHECKED_AT_ONCE)
    for domain_id in due:
        try:
            _check(database, domain_id, now, tools)
        except Exception as error:  # what one domain's DNS says keeps nobody from looking at the others
            log.warning("sender_domain_not_checked", domain_id=str(domain_id), error=error)
    return len(due)


def _check(database: Database, domain_id: UUID, now: datetime, tools: Tools) -> None:
    with database.transaction() as session:
        domain = store.any_domain_by_id(session, domain_id=domain_id)
        records = records_of(tools, domain) if domain else []
    if not records:
        return
    findings = look_up(tools, records)
    host = link_host_of(tools, records, findings)
    with database.transaction() as session:
        domain = store.any_domain_by_id(session, domain_id=domain_id)
        if domain is not None:
            keep(session, tools, {}, domain, findings, host, now)
    found = {purpose: finding.found for purpose, finding in findings.items()}
    log.info("sender_domain_checked", domain_id=str(domain_id), found=found, link_host=host)


def keep(
    session: Session,
    tools: Tools,
    actor: Actor,
    domain: SenderDomain,
    findings: Mapping[str, Finding],
    host: str | None,
    now: datetime,
) -> None:
    """What was found, and what follows from it. Silence changes nothing but when the domain is looked at again.

    :param now: when the look began. One that began before what is kept already is as old as that: it says nothing.
    """
    if domain.checked_at is not None and domain.checked_at > now:
        return
    found = {purpose: finding.found for purpose, finding in findings.items()}
    domain.found = {purpose: domain.found.get(purpose) if each is None else each for purpose, each in found.items()}
    domain.seen = {
        purpose: domain.seen.get(purpose, {}) if each.found is None
        else {"values": list(each.seen), "is_doubled": each.is_doubled}
        for purpose, each in findings.items() if not each.found
    }  # fmt: skip
    domain.checked_at = now
    if found["tracking"] is not None:
        short_link_hosts.note_host(session, domain, host)
    _turn_keys(domain, found, now)
    records = records_of(tools, domain)
    if domain.state == SenderState.PENDING and rules.are_required_found(records, found):
        domain.state, domain.verified_at, domain.verified_by = SenderState.VERIFIED, now, BY_DNS
        _record(session, actor, "sender_domain.verified", domain)
    if domain.state == SenderState.VERIFIED:
        if domain.verified_by == BY_DNS:  # who vouches for a domain looks at no records
            _note_loss(session, actor, domain, records, found, now)
        is_silent = all(each is None for each in found.values())
        every = senders.LOST_CHECKED_EVERY if domain.lost_at else senders.CHECKED_EVERY
        domain.check_due_at = now + (senders.CHECKED_AGAIN_AFTER if is_silent else every)


def _turn_keys(domain: SenderDomain, found: Mapping[str, bool | None], now: datetime) -> None:
    """New keys whose records are found sign in the place of those before them, whose records are kept for a while."""
    for key in domain.keys:
        if key.state == KeyState.NEXT and found.get(f"dkim:{key.selector}"):
            for before in domain.keys:
                if before.state == KeyState.ACTIVE and before.algorithm == key.algorithm:
                    before.state, before.retired_at = KeyState.RETIRED, now
            key.state = KeyState.ACTIVE
    ends = now - senders.KEPT_AFTER_ROTATION
    for key in [key for key in domain.keys if key.retired_at is not None and key.retired_at <= ends]:
        domain.keys.remove(key)


def _note_loss(
    session: Session,
    actor: Actor,
    domain: SenderDomain,
    records: list[DnsRecord],
    found: Mapping[str, bool | None],
    now: datetime,
) -> None:
    """A domain without records that it needs sends no campaigns after a grace; identity tells the account's owner."""
    if not rules.are_lost(records, domain.found):
        if domain.lost_at is not None:
            domain.lost_at = domain.stopped_at = None
            _record(session, actor, "sender_domain.records_found", domain)
    elif domain.lost_at is None:
        domain.lost_at = now
        _record(session, actor, "sender_domain.records_lost", domain, records=missing_records(domain, records))
    elif domain.stopped_at is None and now - domain.lost_at >= senders.LOST_GRACE and rules.are_lost(records, found):
        domain.stopped_at = now
        _record(session, actor, "sender_domain.stopped", domain, records=missing_records(domain, records))


def _record(session: Session, actor: Actor, action: str, domain: SenderDomain, **details: Any) -> None:
    acts.record(
        session, EMAIL_GATEWAY_ACT, actor, action,
        account_id=domain.account_id, target_id=domain.domain_id, domain=domain.domain, **details,
    )  # fmt: skip
