"""The ledger, with Viber's number of each message; and what is told at hooks, in the transaction that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel import reported_states
from channel.ports import Event
from channel.providers.ledger import ProviderLedger
from channel.reported_states import Due
from chassis.database import columns
from chassis.logs import get_logger
from chassis.secrets import SecretError, Vault
from contracts.vocabulary import Channel
from viber_gateway.domain import invitations
from viber_gateway.domain.told import AnswerTold, Arrived, StatusTold, SubscriptionTold
from viber_gateway.store import answers, senders, subscribers
from viber_gateway.store.senders import Bot
from viber_gateway.store.subscribers import Link, Turn

# Viber reports by its own number of a message: which of ours that is, looked up one by one through its index.
_FIND = """
SELECT r.token, r.account_id, found.message_id FROM unnest(%s::uuid[], %s::uuid[]) AS r(token, account_id)
CROSS JOIN LATERAL (
    SELECT message_id FROM ledger l WHERE l.token = r.token AND l.account_id = r.account_id LIMIT 1
) found
"""

log = get_logger()


class ViberLedger(ProviderLedger):
    """:param vault: opens the keys of invitations."""

    def __init__(self, vault: Vault) -> None:
        super().__init__(Channel.VIBER, "token", "uuid")
        self._vault = vault

    def write_beside(self, cursor: Cursor[Any], messages: Sequence[Any]) -> None:
        """Who has gone, as Viber says, is written to no more; contacts hears of it."""
        gone = [
            (UUID(message.header.account_id), message.gone)
            for message in messages
            if getattr(message, "gone", None) is not None
        ]
        subscribers.forget_gone(cursor, gone)

    def apply_receipts(self, cursor: Cursor[Any], arrived: Sequence[Arrived], now: datetime) -> list[Event]:
        """What is told at the hook of a bot that is not active (any more) is nobody's, and left out."""
        bots = senders.bots(cursor, {one.sender_id for one in arrived})
        known = [(one, bots[one.sender_id]) for one in arrived if one.sender_id in bots]
        told = [(one, bot) for one, bot in known if isinstance(one, SubscriptionTold)]
        written = [(one, bot) for one, bot in known if isinstance(one, AnswerTold)]
        links = [link for one, bot in told if (link := self._link(one, bot)) is not None]
        moved: list[tuple[SubscriptionTold | AnswerTold, Bot]] = [*told, *written]
        turns = [turn for one, bot in moved if (turn := _turn(one, bot)) is not None]
        answers.adopt(cursor, subscribers.follow(cursor, links, turns))
        events = answers.take(cursor, written)
        due = [Due(bot.account_id, one.token, one.reported) for one, bot in known if isinstance(one, StatusTold)]
        return events + apply_reports(cursor, due, now)

    def _link(self, told: SubscriptionTold, bot: Bot) -> Link | None:
        """None: they came by no invitation of this bot's that still holds."""
        if told.invitation is None:
            return None
        try:
            key = self._vault.decrypt(bot.invitation_key)
        except SecretError as error:
            log.error("invitation_not_read", account_id=str(bot.account_id), error=error)
            return None
        contact_id = invitations.read(key, told.invitation, told.at)
        if contact_id is None:
            return None
        return Link(told.sender_id, told.viber_id, bot.account_id, contact_id, subscribers.moment(told.at))


def _turn(told: SubscriptionTold | AnswerTold, bot: Bot) -> Turn | None:
    """Who writes has subscribed by it."""
    is_subscribed = True if isinstance(told, AnswerTold) else told.is_subscribed
    if is_subscribed is None:
        return None
    return Turn(told.sender_id, told.viber_id, bot.account_id, is_subscribed, subscribers.moment(told.at))


def apply_reports(cursor: Cursor[Any], due: Sequence[Due], now: datetime) -> list[Event]:
    """Write them down; returns the delivery events of the changes. What matches no message is parked.

    :param due: by Viber's number, in the place of the message's id.
    """
    if not due:
        return []
    cursor.execute(_FIND, columns(sorted({(one.message_id, one.account_id) for one in due}), 2))
    ours: dict[tuple[UUID, UUID], UUID] = {(token, account): message_id for token, account, message_id in cursor}
    matched = [one._replace(message_id=ours[key]) for one in due if (key := (one.message_id, one.account_id)) in ours]
    events, _ = reported_states.apply(cursor, Channel.VIBER, matched)
    reported_states.park(cursor, [one for one in due if (one.message_id, one.account_id) not in ours], now)
    return events
