"""Campaigns as this service knows them: name, channel, state, and where their messages lie in the log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from contracts.vocabulary import Channel

# A message id as text: the head that all messages of a send have in common, and the recipient's number.
HEAD, _NUMBER = 28, 8


def add_ranges(session: Session, account_by_range: Mapping[tuple[str, str], str]) -> None:
    """Remember where in the log a campaign's messages lie: in one range of ids for each send.

    :param account_by_range: the account, by campaign and head of the message ids.
    """
    rows = [
        {"campaign": campaign_id, "first": head + "0" * _NUMBER, "last": head + "f" * _NUMBER, "account": account_id}
        for (campaign_id, head), account_id in sorted(account_by_range.items())
    ]
    if rows:
        session.execute(
            text(
                "INSERT INTO campaign_ranges (campaign_id, first_id, last_id, account_id)"
                " VALUES (:campaign, :first, :last, :account) ON CONFLICT DO NOTHING"
            ),
            rows,
        )


def ranges(session: Session, *, account_id: UUID, campaign_id: UUID) -> list[tuple[UUID, UUID]]:
    """Ranges of message ids of a campaign, in rising order."""
    rows = session.execute(
        text(
            "SELECT first_id, last_id FROM campaign_ranges WHERE campaign_id = :campaign AND account_id = :account"
            " ORDER BY first_id"
        ),
        {"campaign": campaign_id, "account": account_id},
    )
    return [(row.first_id, row.last_id) for row in rows]


def named(session: Session, *, account_id: UUID, part: str, limit: int) -> list[UUID]:
    """Campaigns whose name holds `part` (in small letters), the latest first."""
    return list(
        session.scalars(
            text(
                "SELECT campaign_id FROM campaigns WHERE account_id = :account AND strpos(lower(name), :part) > 0"
                " ORDER BY started_at DESC NULLS LAST LIMIT :limit"
            ),
            {"account": account_id, "part": part, "limit": limit},
        )
    )


def ranges_of(session: Session, *, account_id: UUID, campaign_ids: Collection[UUID]) -> list[tuple[UUID, UUID, UUID]]:
    """First and last message id and campaign of each send of these campaigns, newest first."""
    rows = session.execute(
        text(
            "SELECT first_id, last_id, campaign_id FROM campaign_ranges"
            " WHERE campaign_id = ANY(:campaigns) AND account_id = :account ORDER BY first_id DESC"
        ),
        {"campaigns": list(campaign_ids), "account": account_id},
    )
    return [(row.first_id, row.last_id, row.campaign_id) for row in rows]


def channels_of(session: Session, *, account_id: UUID, campaign_ids: Collection[UUID]) -> dict[UUID, Channel]:
    """The channels of those of the campaigns that have started, as far as the news of it has come."""
    rows = session.execute(
        text(
            "SELECT campaign_id, channel FROM campaigns WHERE campaign_id = ANY(:campaigns) AND account_id = :account"
            " AND channel IS NOT NULL"
        ),
        {"campaigns": list(campaign_ids), "account": account_id},
    )
    return {row.campaign_id: Channel(row.channel) for row in rows}


def record_start(session: Session, campaign: Mapping[str, Any]) -> None:
    session.execute(
        text(
            "INSERT INTO campaigns (campaign_id, account_id, send_id, name, channel, recipients, started_at)"
            " VALUES (:campaign_id, :account_id, :send_id, :name, :channel, :recipients, :occurred_at)"
            " ON CONFLICT (campaign_id) DO UPDATE SET send_id = excluded.send_id, name = excluded.name,"
            " channel = excluded.channel, recipients = excluded.recipients, started_at = excluded.started_at"
        ),
        campaign,
    )


def record_state(session: Session, *, campaign_id: UUID, account_id: UUID, state: str, at: datetime) -> None:
    """Set a campaign's state unless a later one is known."""
    session.execute(
        text(
            "INSERT INTO campaigns (campaign_id, account_id, state, state_at) VALUES (:campaign, :account, :state, :at)"
            " ON CONFLICT (campaign_id) DO UPDATE SET state = excluded.state, state_at = excluded.state_at"
            " WHERE campaigns.state_at IS NULL OR campaigns.state_at < excluded.state_at"
        ),
        {"campaign": campaign_id, "account": account_id, "state": state, "at": at},
    )


def find(session: Session, *, account_id: UUID, campaign_id: UUID) -> Any | None:
    return (
        session.execute(
            text("SELECT * FROM campaigns WHERE campaign_id = :campaign AND account_id = :account"),
            {"campaign": campaign_id, "account": account_id},
        )
        .mappings()
        .first()
    )


def channel_in_log(session: Session, *, account_id: UUID, campaign_id: UUID) -> str | None:
    """The channel of a campaign's messages, while the event that it has started is still on its way."""
    channel: str | None = session.scalar(
        text(
            "SELECT m.channel FROM campaign_ranges r JOIN messages m ON m.message_id BETWEEN r.first_id AND r.last_id"
            " WHERE r.campaign_id = :campaign AND r.account_id = :account AND m.campaign_id = r.campaign_id LIMIT 1"
        ),
        {"campaign": campaign_id, "account": account_id},
    )
    return channel
