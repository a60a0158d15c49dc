"""Templates: content kept for reuse."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from campaigns import domain
from campaigns.store import templates as store
from campaigns.usecases.ports import account_of, channels_to_read, ensure_may
from chassis import acts
from chassis.ids import new_id
from contracts.campaigns import content_problems
from contracts.errors import Invalid
from contracts.events import CAMPAIGNS_ACT
from contracts.rpc import Actor
from contracts.schema import field_errors
from contracts.vocabulary import Channel

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from campaigns.models import Template
    from campaigns.store.pages import Page


def create(
    session: Session, *, actor: Actor, now: datetime, name: str, channel: Channel, content: dict[str, Any]
) -> Template:
    ensure_may(actor, channel, "write")
    template = store.add(
        session,
        id=made_id(actor, "template"),
        account_id=account_of(actor),
        name=name,
        channel=channel.value,
        content=content,
        created_at=now,
        updated_at=now,
    )
    if template.created_at == now:  # not by the same request before
        acts.record(
            session, CAMPAIGNS_ACT, actor, "template.created", target_id=template.id, name=name, channel=channel.value
        )
    return template


def get(session: Session, *, actor: Actor, template_id: UUID) -> Template:
    template = store.get(session, account_id=account_of(actor), template_id=template_id)
    ensure_may(actor, Channel(template.channel), "read")
    return template


def page(session: Session, *, actor: Actor, channel: Channel | None, limit: int, cursor: str | None) -> Page:
    channels = channels_to_read(actor, channel)
    return store.page(session, account_id=account_of(actor), channels=channels, limit=limit, cursor=cursor)


def update(session: Session, *, actor: Actor, now: datetime, template_id: UUID, **changes: Any) -> Template:
    template = store.get(session, account_id=account_of(actor), template_id=template_id)
    ensure_may(actor, Channel(template.channel), "write")
    if "content" in changes:
        ensure_fits(Channel(template.channel), changes["content"])
    for name, value in changes.items():
        setattr(template, name, value)
    template.updated_at = now
    session.flush()
    acts.record(session, CAMPAIGNS_ACT, actor, "template.changed", target_id=template.id, fields=sorted(changes))
    return template


def remove(session: Session, *, actor: Actor, template_id: UUID) -> None:
    template = store.get(session, account_id=account_of(actor), template_id=template_id)
    ensure_may(actor, Channel(template.channel), "write")
    store.remove(session, template)
    acts.record(session, CAMPAIGNS_ACT, actor, "template.deleted", target_id=template.id, name=template.name)


def ensure_fits(channel: Channel, content: dict[str, Any]) -> None:
    """:raises Invalid: the content has not the channel's shape."""
    if problems := content_problems(channel, content):
        errors = field_errors({"content": problems})
        raise Invalid("request.invalid", "Some fields are not valid.", None, errors)


def made_id(actor: Actor, noun: str) -> UUID:
    """A new id, or the one that this very request made before."""
    request_key = actor.get("request_key")
    return domain.id_for_request(account_of(actor), request_key, noun) if request_key else new_id()
