"""Recipients of a campaign who did or did not: listed, made a group, and those who do not exist archived (G3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.contacts.bulk import Bulk
from contracts.contacts.groups import Combination
from contracts.errors import Forbidden
from contracts.permissions import is_granted
from contracts.reporting.recipients import Who
from contracts.rpc import Actor
from contracts.schema import Schema, load
from reporting.store import campaigns, messages
from reporting.usecases import views
from reporting.usecases.campaigns import ensure_campaign
from reporting.usecases.views import Answer

TO_GROUP, TO_ARCHIVE = "contacts.write", "contacts.archive"
DEADLINE = 20.0


class Call(Protocol):
    """`chassis.rpc_client.RpcClient.call`."""

    def __call__(self, name: str, actor: Actor, payload: dict[str, Any], *, deadline: float) -> Any: ...


def list_report_recipients(
    session: Session, *, actor: Actor, now: datetime, campaign_id: UUID, who: Who, limit: int, cursor: str | None
) -> Answer:
    """One page of those recipients of a campaign who did, or did not, what `who` says."""
    account_id = account_of(actor)
    ensure_campaign(session, account_id, campaign_id)
    rows = messages.of_recipients(
        session,
        account_id=account_id,
        campaign_id=campaign_id,
        who=who,
        ranges=campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id),
        after=pages.position(cursor) or messages.LEAST,
        limit=limit + 1,
    )
    return pages.page(rows, limit, views.message)


def create_report_group(
    database: Database, *, actor: Actor, now: datetime, call: Call, campaign_id: UUID, who: Who, name: str
) -> Answer:
    """Have contacts make the group: its job, which asks for the recipients page by page."""
    _ensure_may(actor, TO_GROUP)
    _ensure_there(database, actor, campaign_id)
    asked = {"campaign_id": str(campaign_id), "who": who.value, "name": name}
    return _read(Combination, call("contacts.begin_report_group", actor, asked, deadline=DEADLINE))


def archive_report_recipients(
    database: Database, *, actor: Actor, now: datetime, call: Call, campaign_id: UUID, who: str
) -> Answer:
    """Have contacts archive the addresses of a campaign that do not exist: its job, which asks for them page by page.

    :param who: `hard_bounced`, the only ones that can be archived.
    """
    _ensure_may(actor, TO_ARCHIVE)
    _ensure_there(database, actor, campaign_id)
    asked = {"campaign_id": str(campaign_id)}
    return _read(Bulk, call("contacts.begin_report_archive", actor, asked, deadline=DEADLINE))


def _read(schema: type[Schema], answer: Any) -> Answer:
    """What contacts answered, with moments in place of their texts: it is written once more."""
    return load(schema, answer)


def _ensure_there(database: Database, actor: Actor, campaign_id: UUID) -> None:
    with database.transaction() as session:
        ensure_campaign(session, account_of(actor), campaign_id)


def _ensure_may(actor: Actor, permission: str) -> None:
    if not is_granted(permission, actor.get("permissions", ())):
        raise Forbidden("permission.missing", "You may not change contacts.", {"permission": permission})
