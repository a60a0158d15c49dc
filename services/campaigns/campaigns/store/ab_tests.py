"""A/B tests as the dispatcher moves them on: each step holds its lease, and a winner is set once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from chassis.database import changed

# How often a campaign is looked at that waits for a person; choosing wakes the dispatcher.
ASK_AGAIN = timedelta(hours=1)


def note_tested(session: Session, *, owner: UUID, campaign_id: UUID, wait: timedelta) -> None:
    """The last of the test is with the channel: look again when the wait is over. The lease is given up until then."""
    changed(
        session,
        "UPDATE campaigns SET tested_at = coalesce(tested_at, now()), look_at = coalesce(tested_at, now()) + :wait,"
        " lease_owner = NULL, lease_expires_at = NULL"
        " WHERE id = :id AND lease_owner = :owner AND state = 'sending' AND winner IS NULL",
        id=campaign_id, owner=owner, wait=wait,
    )  # fmt: skip


def decide(
    session: Session, *, owner: UUID, campaign_id: UUID, decision: Mapping[str, Any], winner: int | None, by: str
) -> bool:
    """Keep what the figures say, and who wins; None waits for a person. False where somebody was faster."""
    is_decided = winner is not None
    return (
        changed(
            session,
            "UPDATE campaigns SET ab_decision = CAST(:decision AS jsonb), winner = :winner,"
            " winner_by = CASE WHEN :is_decided THEN CAST(:by AS text) END, updated_at = now(),"
            " look_at = CASE WHEN :is_decided THEN NULL ELSE now() + :ask_again END,"
            " lease_owner = CASE WHEN :is_decided THEN lease_owner END,"
            " lease_expires_at = CASE WHEN :is_decided THEN lease_expires_at END"
            " WHERE id = :id AND lease_owner = :owner AND state = 'sending' AND winner IS NULL",
            id=campaign_id, owner=owner, decision=orjson.dumps(dict(decision)).decode(), winner=winner, by=by,
            is_decided=is_decided, ask_again=ASK_AGAIN,
        )
        > 0
    )  # fmt: skip


def ask_later(session: Session, *, owner: UUID, campaign_id: UUID) -> None:
    """A person has still to choose."""
    changed(
        session,
        "UPDATE campaigns SET look_at = now() + :ask_again, lease_owner = NULL, lease_expires_at = NULL"
        " WHERE id = :id AND lease_owner = :owner AND state = 'sending' AND winner IS NULL",
        id=campaign_id, owner=owner, ask_again=ASK_AGAIN,
    )  # fmt: skip
