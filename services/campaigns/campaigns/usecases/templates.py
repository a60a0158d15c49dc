"""Templates: content kept for reuse."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns.models import Template
from campaigns.store import templates as store
from campaigns.usecases import named_lists, views
from campaigns.usecases.content import ensure_fits
from campaigns.usecases.ports import channels_to_read, ensure_may, made_id
from campaigns.usecases.views import Answer
from chassis import acts, words
from chassis.actors import account_of
from chassis.database import Session
from contracts.campaigns import templates as contract
from contracts.etags import ensure_current
from contracts.events import CAMPAIGNS_ACT
from contracts.lists import NEWEST
from contracts.rpc import Actor
from contracts.vocabulary import Channel


def create_template(
    session: Session, *, actor: Actor, now: datetime, name: str, channel: Channel, content: dict[str, Any]
) -> Answer:
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
    return views.template(template)


def get_template(session: Session, *, actor: Actor, now: datetime, template_id: UUID) -> Answer:
    return views.template(_template(session, actor, template_id, "read"))


def list_templates(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    channel: Channel | None,
    limit: int,
    cursor: str | None,
    q: str | None = None,
    sort: str = NEWEST,
) -> Answer:
    fitting = store.fitting(
        account_id=account_of(actor), channels=channels_to_read(actor, channel), words=words.patterns(q)
    )
    return named_lists.page(session, fitting, Template, views.template, limit=limit, cursor=cursor, sort=sort)


def update_template(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    template_id: UUID,
    if_match: list[str] | None = None,
    **changes: Any,
) -> Answer:
    template = _template(session, actor, template_id, "write")
    ensure_current(if_match, contract.Template, views.template(template))
    if "content" in changes:
        ensure_fits(Channel(template.channel), changes["content"])
    for name, value in changes.items():
        setattr(template, name, value)
    template.updated_at = now
    session.flush()
    acts.record(session, CAMPAIGNS_ACT, actor, "template.changed", target_id=template.id, fields=sorted(changes))
    return views.template(template)


def delete_template(
    session: Session, *, actor: Actor, now: datetime, template_id: UUID, if_match: list[str] | None = None
) -> None:
    template = _template(session, actor, template_id, "write")
    ensure_current(if_match, contract.Template, views.template(template))
    store.remove(session, template)
    acts.record(session, CAMPAIGNS_ACT, actor, "template.deleted", target_id=template.id, name=template.name)


def _template(session: Session, actor: Actor, template_id: UUID, right: str) -> Template:
    template = store.get(session, account_id=account_of(actor), template_id=template_id, locked=right == "write")
    ensure_may(actor, Channel(template.channel), right)
    return template
