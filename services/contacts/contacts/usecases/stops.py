"""People who take back their STOP."""

from __future__ import annotations

from typing import Any

from chassis.database import Session
from chassis.inbox import first_time
from chassis.logs import get_logger
from contacts.store import archive as store

log = get_logger()


def restore_stopped(session: Session, *, event: dict[str, Any], source: str) -> None:
    """End what STOP archived before the person answered START. Harmless twice, and late: a later STOP stays."""
    if not first_time(session, "restore_stopped", event["event_id"]):
        return
    restored = store.restore_stopped(
        session,
        account_id=event["account_id"],
        source=source,
        said=[(each["channel"], each["address"], each["occurred_at"]) for each in event["addresses"]],
    )
    log.info("stops_withdrawn", account_id=str(event["account_id"]), restored=restored)
