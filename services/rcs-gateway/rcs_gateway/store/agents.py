"""Agents."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from channel import senders
from chassis.database import Session
from rcs_gateway.models import Agent

AGENTS = senders.Senders(Agent)
add, count = AGENTS.add, AGENTS.count
find, active = AGENTS.find, AGENTS.active


def by_ids(session: Session, agent_ids: Sequence[UUID]) -> Sequence[Agent]:
    return session.scalars(select(Agent).where(Agent.id.in_(agent_ids))).all()


def by_hook(session: Session, hook: str) -> Agent | None:
    return session.scalar(select(Agent).where(Agent.hook == hook))


# Of an account, beside what every channel has.
_OWN = ("agents", "stops", "reach", "last_messages", "inbound_rcs", "early_reports", "revocations")


def erase_account(session: Session, account_id: UUID) -> None:
    """Everything of the account."""
    senders.erase_account(session, account_id, *_OWN)
