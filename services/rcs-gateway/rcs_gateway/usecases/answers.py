"""What people answered to an account's agents."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from contracts.rpc import Actor
from contracts.vocabulary import Wish
from rcs_gateway.store import inbound


def list_inbound_rcs(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    phone: str | None = None,
    agent: str | None = None,
    campaign_id: UUID | None = None,
    wish: Wish | None = None,
    q: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> pages.Page:
    """One page of the messages that people have sent, newest first; `phone` with `+`, `00` or neither."""
    wanted = inbound.Wanted(
        phone=phone and "+" + re.sub(r"^(\+|00)", "", phone), agent=agent, campaign=campaign_id, wish=wish,
        q=q and "%" + re.sub(r"([\\%_])", r"\\\1", q) + "%", since=since, until=until,
    )  # fmt: skip
    rows = inbound.answers(
        session, account_id=account_of(actor), wanted=wanted, before=pages.position(cursor), limit=limit + 1
    )
    return pages.page(rows, limit, key="position")
