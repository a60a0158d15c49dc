"""Agents."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, text

from chassis import suspensions
from chassis.database import Session, changed
from chassis.refusals import flush_unless_taken
from rcs_gateway.domain.agents import AgentState
from rcs_gateway.models import Agent


def add(session: Session, agent: Agent) -> bool:
    """Whether it is there now; False: the account has one of that name."""
    session.add(agent)
    if not flush_unless_taken(session, "agents_account_id_name_key"):
        return False
    session.refresh(agent)
    return True


def count(session: Session, account_id: UUID) -> int:
    """How many the account has; nobody else adds one to it until the transaction ends."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('agents:' || :account, 0))"), {"account": str(account_id)}
    )
    return int(session.scalar(select(func.count()).select_from(Agent).where(Agent.account_id == account_id)) or 0)


def agents(
    session: Session, *, account_id: UUID | None, state: str | None, after: UUID | None, limit: int
) -> Sequence[Agent]:
    """In order of request; of every account with `account_id` None (operators)."""
    query = select(Agent).order_by(Agent.id).limit(limit)
    if account_id is not None:
        query = query.where(Agent.account_id == account_id)
    if state is not None:
        query = query.where(Agent.state == state)
    if after is not None:
        query = query.where(Agent.id > after)
    return session.scalars(query).all()


def for_update(session: Session, agent_id: UUID) -> Agent | None:
    return session.scalar(select(Agent).where(Agent.id == agent_id).with_for_update())


def active(session: Session, account_id: UUID, name: str) -> Agent | None:
    query = select(Agent).where(Agent.account_id == account_id, Agent.name == name, Agent.state == AgentState.ACTIVE)
    return session.scalar(query)


def by_ids(session: Session, agent_ids: Sequence[UUID]) -> Sequence[Agent]:
    return session.scalars(select(Agent).where(Agent.id.in_(agent_ids))).all()


def by_hook(session: Session, hook: str) -> Agent | None:
    return session.scalar(select(Agent).where(Agent.hook == hook))


# What holds something of an account.
_OF_ACCOUNT = (
    "agents", "contents", "sends", "ledger", "retries", "quota_leases", "erasures", "campaign_states", "stops",
    "reach", "last_messages", "inbound_rcs", "early_reports", "revocations",
)  # fmt: skip


def erase_account(session: Session, account_id: UUID) -> None:
    """Everything of the account; what is in hand at this moment is settled all the same, and leads nowhere."""
    suspensions.close(session, account_id)
    in_hand = "DELETE FROM claims WHERE position(convert_to(:account, 'UTF8') IN body) > 0"
    changed(session, in_hand, account=str(account_id))
    for table in _OF_ACCOUNT:
        changed(session, f"DELETE FROM {table} WHERE account_id = :account", account=account_id)
