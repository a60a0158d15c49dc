"""What all campaigns of an account keep to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns.models import CampaignRules


def find(session: Session, *, account_id: UUID) -> CampaignRules:
    """Those of an account that has set none hold nothing."""
    found = session.scalars(select(CampaignRules).where(CampaignRules.account_id == account_id)).one_or_none()
    return found or CampaignRules(account_id=account_id, quiet_hours=None, approval_above=None)


def lock(session: Session, *, account_id: UUID) -> None:
    """Who sets them does so one after the other; there may be no row yet."""
    lock = "SELECT pg_advisory_xact_lock(hashtextextended(CAST(:account AS text), 1920298085))"  # "rule"
    session.execute(text(lock), {"account": account_id})


def save(session: Session, *, account_id: UUID, now: datetime, **rules: Any) -> None:
    values = {**rules, "updated_at": now}
    statement = insert(CampaignRules).values(account_id=account_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))


def erase(session: Session, account_id: UUID) -> None:
    session.execute(delete(CampaignRules).where(CampaignRules.account_id == account_id))
