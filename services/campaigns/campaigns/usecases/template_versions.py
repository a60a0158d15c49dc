"""What differs between two versions of a template."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from campaigns import exceptions
from campaigns.models import TemplateVersion
from campaigns.store import templates as store
from campaigns.usecases.ports import ensure_may
from campaigns.usecases.views import Answer
from chassis.actors import account_of
from chassis.confined import Confined, Exceeded
from chassis.database import Database
from contracts.rpc import Actor
from contracts.vocabulary import Channel

SECONDS = 1.0  # of processor time; newsletters of a thousand lines take 0.02
PATIENCE_SECONDS = 8.0  # whoever asks by RPC has given up after ten

_confined = Confined("campaigns.comparing:compare", processes=1, rest=2.0)


def compare_template_versions(
    database: Database, *, actor: Actor, now: datetime, template_id: UUID, version: int, to: int | None
) -> Answer:
    """:raises Invalid: they differ in so much that no diff is to be had in time."""
    account_id = account_of(actor)
    with database.transaction() as session:
        template = store.get(session, account_id=account_id, template_id=template_id)
        ensure_may(actor, Channel(template.channel), "read")
        to = template.version if to is None else to
        old, new = (
            _texts(store.version(session, account_id=account_id, template_id=template_id, number=number))
            for number in (version, to)
        )
    try:
        changes = _confined.call(old, new, seconds=SECONDS, patience=PATIENCE_SECONDS, owner=account_id)
    except Exceeded:
        raise exceptions.too_different() from None
    return {"from": version, "to": to, "changes": changes}


def _texts(version: TemplateVersion) -> Answer:
    return {**version.content, "name": version.name}
