"""Recipients of a campaign who did or did not: listed, made a group, and those who do not exist archived (G3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.errors import Forbidden, TooLarge
from contracts.permissions import is_granted
from contracts.reporting.recipients import Who
from contracts.rpc import Actor
from contracts.vocabulary import ERASED_ADDRESS, ArchiveReason, MessageState
from reporting.domain.states import STATE_CODE
from reporting.store import campaigns, messages
from reporting.usecases import views
from reporting.usecases.campaigns import ensure_campaign
from reporting.usecases.views import Answer

TO_GROUP, TO_ARCHIVE = "contacts.write", "contacts.archive"
AT_ONCE = 1_000  # contacts takes as many in one call
AT_MOST = 200_000
DEADLINE = 20.0

HARD_BOUNCED = STATE_CODE[MessageState.HARD_BOUNCED]

Ranges = list[tuple[UUID, UUID]]


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
    """Make the group and fill it, a thousand contacts a call; no transaction is open while contacts is asked.

    Adding a contact twice is harmless, and the request key makes the group the same one when the call is repeated.
    """
    account_id = account_of(actor)
    _ensure_may(actor, TO_GROUP)
    with database.transaction() as session:
        ensure_campaign(session, account_id, campaign_id)
        ranges = campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id)
        size = messages.count_who(session, account_id=account_id, campaign_id=campaign_id, who=who, ranges=ranges)
    if size > AT_MOST:
        raise TooLarge("group.too_large", f"At most {AT_MOST} contacts at once.", {"limit": AT_MOST, "found": size})
    group = call("contacts.create_group", actor, {"name": name}, deadline=DEADLINE)
    members = 0
    for rows in _pages(database, account_id, campaign_id, who, ranges):
        contact_ids = sorted({str(row["contact_id"]) for row in rows if row["contact_id"]})
        if contact_ids:
            payload = {"group_id": group["id"], "contact_ids": contact_ids}
            members = call("contacts.add_to_group", actor, payload, deadline=DEADLINE)["contacts"]
    return {"id": group["id"], "name": group["name"], "contacts": members}


def archive_report_recipients(
    database: Database, *, actor: Actor, now: datetime, call: Call, campaign_id: UUID, who: str
) -> Answer:
    """Have contacts archive the addresses of a campaign that do not exist; harmless when repeated.

    :param who: `hard_bounced`, the only ones that can be archived.
    """
    account_id = account_of(actor)
    _ensure_may(actor, TO_ARCHIVE)
    with database.transaction() as session:
        ensure_campaign(session, account_id, campaign_id)
        ranges = campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id)
    archived = 0
    for rows in _pages(database, account_id, campaign_id, Who.UNDELIVERED, ranges):
        hard_bounced = {row["address"] for row in rows if row["state"] == HARD_BOUNCED}
        addresses = sorted(hard_bounced - {None, ERASED_ADDRESS})
        if addresses:
            payload = {"channel": rows[0]["channel"], "addresses": addresses, "reason": ArchiveReason.HARD_BOUNCE.value}
            call("contacts.archive_addresses", actor, payload, deadline=DEADLINE)
            archived += len(addresses)
    return {"archived": archived}


def _pages(
    database: Database, account_id: UUID, campaign_id: UUID, who: Who, ranges: Ranges
) -> Iterator[list[messages.Row]]:
    """Recipients a thousand at a time, each page in a transaction that is over before it is given."""
    after = messages.LEAST
    while True:
        with database.transaction() as session:
            rows = messages.of_recipients(
                session,
                account_id=account_id,
                campaign_id=campaign_id,
                who=who,
                ranges=ranges,
                after=after,
                limit=AT_ONCE,
            )
        if rows:
            yield rows
        if len(rows) < AT_ONCE:
            return
        after = rows[-1]["message_id"]


def _ensure_may(actor: Actor, permission: str) -> None:
    if not is_granted(permission, actor.get("permissions", ())):
        raise Forbidden("permission.missing", "You may not change contacts.", {"permission": permission})
