"""What people wrote to an account's bots."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from contracts.rpc import Actor
from viber_gateway.store import answers as store

_GREATEST = UUID(int=2**128 - 1)


def list_inbound(
    session: Session, *, actor: Actor, now: datetime, cursor: str | None, limit: int,
    contact_id: UUID | None = None, q: str | None = None,
) -> pages.Page:  # fmt: skip
    """One page, newest first."""
    before = pages.position(cursor) or _GREATEST
    searched = q and "%" + re.sub(r"([\\%_])", r"\\\1", q.replace("\0", "")) + "%"
    rows = store.page(
        session, account_id=account_of(actor), contact_id=contact_id, q=searched, before=before, limit=limit + 1
    )
    return pages.page(rows, limit, dict)
