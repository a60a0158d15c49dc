"""Which of an account's domains lends its link host to short links in SMS and to named links: their makers are told."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis import acts, outbox
from chassis.actors import account_of
from chassis.database import Session
from contracts.email_gateway import senders as contract
from contracts.etags import ensure_current
from contracts.events import EMAIL_GATEWAY_ACT, SHORT_LINK_HOST_CHANGED
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.models import SenderDomain
from email_gateway.store import senders as store
from email_gateway.usecases import views
from email_gateway.usecases.ports import Tools
from email_gateway.usecases.views import records_of


def update_domain(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: Tools,
    domain_id: UUID,
    short_links: bool,
    if_match: list[str] | None = None,
) -> views.View:
    """The domain lends its host from now on, and no other of the account's does; or none does."""
    account_id = account_of(actor)
    store.hold_domains(session, account_id)
    domain = store.domain_by_id(session, account_id=account_id, domain_id=domain_id, lock=True)
    if domain is None:
        raise exceptions.domain_not_found()
    ensure_current(if_match, contract.SenderDomain, views.sender_domain(domain, records_of(tools, domain)))
    if domain.short_links != short_links:
        for other in store.short_link_domains(session, account_id=account_id):
            other.short_links = False
        domain.short_links = short_links
        tell(session, account_id, domain.link_host if short_links else None)
        acts.record(
            session, EMAIL_GATEWAY_ACT, actor, "sender_domain.changed",
            target_id=domain_id, domain=domain.domain, short_links=short_links,
        )  # fmt: skip
    return views.sender_domain(domain, records_of(tools, domain))


def note_host(session: Session, domain: SenderDomain, host: str | None) -> None:
    """Keep the host that was found for the domain's links."""
    if domain.short_links and host != domain.link_host:
        tell(session, domain.account_id, host)
    domain.link_host = host


def note_deleted(session: Session, domain: SenderDomain) -> None:
    if domain.short_links:
        tell(session, domain.account_id, None)


def tell(session: Session, account_id: UUID, host: str | None) -> None:
    """By who holds the row of the domain that lends its host, or did."""
    outbox.record(
        session, SHORT_LINK_HOST_CHANGED, account_id=account_id, host=host, version=outbox.next_number(session)
    )
