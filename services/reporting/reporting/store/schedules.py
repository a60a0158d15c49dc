"""Schedules of reports by mail, and which campaigns' are to come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed
from contracts.reporting.schedules import ScheduleKind
from reporting.store.messages import Row

AT_ONCE = 50
_COLUMNS = "id, account_id, kind, user_ids, next_at, last_at, created_at"
_NOT_SUSPENDED = "NOT EXISTS (SELECT FROM account_suspensions s WHERE s.account_id = r.account_id AND s.is_suspended)"


def hold_account(session: Session, account_id: UUID) -> None:
    """Let no two transactions count and add an account's schedules at the same time."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(CAST(:account AS text), 1919120755))"),  # "rcs3"
        {"account": account_id},
    )


def count(session: Session, *, account_id: UUID) -> int:
    query = text("SELECT count(*) FROM report_schedules WHERE account_id = :account")
    return int(session.scalar(query, {"account": account_id}) or 0)


def add(session: Session, **columns: Any) -> None:
    session.execute(
        text(
            "INSERT INTO report_schedules (id, account_id, kind, user_ids, next_at, created_at)"
            " VALUES (:id, :account_id, :kind, :user_ids, :next_at, :created_at)"
        ),
        columns,
    )


def find(session: Session, *, account_id: UUID, schedule_id: UUID) -> Row | None:
    query = text(f"SELECT {_COLUMNS} FROM report_schedules WHERE id = :id AND account_id = :account")
    return session.execute(query, {"id": schedule_id, "account": account_id}).mappings().one_or_none()


def page(session: Session, *, account_id: UUID, after: UUID | None, limit: int) -> Sequence[Row]:
    place = " AND id > :after" if after else ""
    query = f"SELECT {_COLUMNS} FROM report_schedules WHERE account_id = :account{place} ORDER BY id LIMIT :limit"
    bound = {"account": account_id, "after": after, "limit": limit}
    return session.execute(text(query), bound).mappings().all()


def delete(session: Session, *, account_id: UUID, schedule_id: UUID) -> bool:
    statement = "DELETE FROM report_schedules WHERE id = :id AND account_id = :account"
    return bool(changed(session, statement, id=schedule_id, account=account_id))


def due(session: Session, now: datetime) -> Sequence[Row]:
    """Weekly and monthly ones that are due: `id` and `account_id`."""
    query = text(
        f"SELECT id, account_id FROM report_schedules r WHERE next_at <= :now AND {_NOT_SUSPENDED}"
        " ORDER BY next_at LIMIT :limit"
    )
    return session.execute(query, {"now": now, "limit": AT_ONCE}).mappings().all()


def take(session: Session, schedule_id: UUID, now: datetime) -> Row | None:
    """The schedule, locked, unless another process has it or has just been there."""
    query = text(
        f"SELECT {_COLUMNS}, last_period FROM report_schedules WHERE id = :id AND next_at <= :now"
        " FOR UPDATE SKIP LOCKED"
    )
    return session.execute(query, {"id": schedule_id, "now": now}).mappings().one_or_none()


def move_on(
    session: Session, schedule_id: UUID, *, next_at: datetime | None, now: datetime, period: date | None = None
) -> None:
    """A mail has been asked for. :param period: the first day of its week or month."""
    session.execute(
        text(
            "UPDATE report_schedules SET next_at = :next, last_at = :now,"
            " last_period = COALESCE(:period, last_period) WHERE id = :id"
        ),
        {"next": next_at, "now": now, "period": period, "id": schedule_id},
    )


def move_by(session: Session, schedule_id: UUID, *, next_at: datetime | None) -> None:
    """The mail that would be due has been asked for before."""
    session.execute(
        text("UPDATE report_schedules SET next_at = :next WHERE id = :id"), {"next": next_at, "id": schedule_id}
    )


def expect_campaign(session: Session, *, account_id: UUID, campaign_id: UUID, due_at: datetime) -> None:
    """Have each schedule of the account that wants it tell of the campaign, once, whatever comes again."""
    session.execute(
        text(
            "INSERT INTO campaign_mails (schedule_id, campaign_id, account_id, due_at)"
            " SELECT id, :campaign, account_id, :due FROM report_schedules WHERE account_id = :account AND kind = :kind"
            " ON CONFLICT DO NOTHING"
        ),
        {"campaign": campaign_id, "account": account_id, "due": due_at, "kind": ScheduleKind.CAMPAIGN.value},
    )


def due_campaigns(session: Session, now: datetime) -> Sequence[Row]:
    """Campaigns' mails that are due: `schedule_id` and `campaign_id`."""
    query = text(
        f"SELECT schedule_id, campaign_id FROM campaign_mails r WHERE sent_at IS NULL AND due_at <= :now"
        f" AND {_NOT_SUSPENDED} ORDER BY due_at LIMIT :limit"
    )
    return session.execute(query, {"now": now, "limit": AT_ONCE}).mappings().all()


def put_off(
    session: Session, schedule_id: UUID, campaign_id: UUID | None = None, *, until: datetime, now: datetime
) -> None:
    """Let a mail that could not be made wait; one that another process has asked for meanwhile stays as it is."""
    statement = "UPDATE report_schedules SET next_at = :until WHERE id = :id AND next_at <= :now"
    if campaign_id is not None:
        statement = (
            "UPDATE campaign_mails SET due_at = :until WHERE schedule_id = :id AND campaign_id = :campaign"
            " AND due_at <= :now AND sent_at IS NULL"
        )
    session.execute(text(statement), {"id": schedule_id, "campaign": campaign_id, "until": until, "now": now})


def take_campaign(session: Session, schedule_id: UUID, campaign_id: UUID, now: datetime) -> Row | None:
    """A campaign's mail marked as sent, with the `user_ids` of its schedule; None where another process has it."""
    return (
        session.execute(
            text(
                "WITH first AS (SELECT schedule_id, campaign_id FROM campaign_mails WHERE sent_at IS NULL"
                " AND schedule_id = :schedule AND campaign_id = :campaign FOR UPDATE SKIP LOCKED)"
                " UPDATE campaign_mails m SET sent_at = :now FROM first, report_schedules s"
                " WHERE m.schedule_id = first.schedule_id AND m.campaign_id = first.campaign_id"
                " AND s.id = m.schedule_id"
                " RETURNING m.schedule_id, m.campaign_id, m.account_id, s.user_ids"
            ),
            {"now": now, "schedule": schedule_id, "campaign": campaign_id},
        )
        .mappings()
        .one_or_none()
    )
