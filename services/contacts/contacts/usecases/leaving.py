"""People who leave groups by an unsubscribe page, and stay on the channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.database import Session
from chassis.inbox import first_time
from contacts.store import leavers as store
from contacts.store import people as people_store


def leave_lists(session: Session, *, event: Mapping[str, Any]) -> None:
    """Out of these groups, and not put back by an import. Harmless twice: the inbox knows the event.

    Of a contact that was deleted since nothing is kept but that it has left: it may come back by another's hand.
    """
    if not first_time(session, "leave_lists", event["event_id"]):
        return
    people_store.lock_account(session, account_id=event["account_id"])
    store.leave(
        session,
        group_ids=event["group_ids"],
        account_id=event["account_id"],
        contact_id=event["contact_id"],
        campaign_id=event["campaign_id"],
        message_id=event["message_id"],
        left_at=event["occurred_at"],
    )
