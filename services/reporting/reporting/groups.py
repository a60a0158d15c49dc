"""A group in contacts of those who did, or did not, what a report counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from chassis.database import Database
from contracts.errors import Forbidden, TooLarge
from contracts.permissions import is_granted
from contracts.reporting import Who
from contracts.rpc import Actor
from reporting import usecases
from reporting.store import campaigns, messages

PERMISSION = "contacts.write"
AT_ONCE = 1_000  # contacts takes as many in one call
AT_MOST = 200_000
DEADLINE = 20.0

Ask = Callable[..., Any]


def create_report_group(
    database: Database, ask: Ask, actor: Actor, *, account_id: UUID, campaign_id: UUID, who: Who, name: str
) -> dict[str, Any]:
    """Make the group and fill it, a thousand contacts a call; no transaction is open while contacts is asked.

    Adding a contact twice is harmless, and the request key makes the group the same one when the call is repeated.
    """
    if not is_granted(PERMISSION, actor.get("permissions", ())):
        raise Forbidden("permission.missing", "You may not change contacts.", {"permission": PERMISSION})
    with database.transaction() as session:
        usecases.ensure_campaign(session, account_id, campaign_id)
        ranges = campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id)
        found = messages.count_who(session, account_id=account_id, campaign_id=campaign_id, who=who, ranges=ranges)
    if found > AT_MOST:
        raise TooLarge("group.too_large", f"At most {AT_MOST} contacts at once.", {"limit": AT_MOST, "found": found})
    group = ask("contacts.create_group", actor, {"name": name}, deadline=DEADLINE)
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
        contact_ids = sorted({str(row["contact_id"]) for row in rows if row["contact_id"]})
        if contact_ids:
            payload = {"group_id": group["id"], "contact_ids": contact_ids}
            group["contacts"] = ask("contacts.add_to_group", actor, payload, deadline=DEADLINE)["contacts"]
        if len(rows) < AT_ONCE:
            return {"id": group["id"], "name": group["name"], "contacts": group.get("contacts") or 0}
        after = rows[-1]["message_id"]
