"""What people wrote to an account's numbers."""

from __future__ import annotations

from datetime import datetime

from chassis import pages
from chassis.database import Session
from contracts.rpc import Actor
from ott_gateway.store.answers import INBOX


def list_inbound(
    session: Session, *, actor: Actor, now: datetime, cursor: str | None, limit: int,
    phone: str | None = None, q: str | None = None,
) -> pages.Page:  # fmt: skip
    """One page, newest first."""
    return INBOX.page(session, actor, cursor=cursor, limit=limit, address=phone, q=q)
