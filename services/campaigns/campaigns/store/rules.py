"""What all campaigns of an account keep to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns.models import CampaignRules


def find(session: Session, *, account_id: UUID) -> CampaignRules:
    """Those of an account that has set none hold nothing."""
    found = session.scalars(select(CampaignRules).where(CampaignRules.account_id == account_id)).one_or_none()
    return found or CampaignRules(account_id=account_id, quiet_hours=None, approval_above=None)


def save(session: Session, *, account_id: UUID, now: datetime, **rules: Any) -> None:
    values = {**rules, "updated_at": now}
    statement = insert(CampaignRules).values(account_id=account_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))


def erase(session: Session, account_id: UUID) -> None:
    session.execute(delete(CampaignRules).where(CampaignRules.account_id == account_id))
