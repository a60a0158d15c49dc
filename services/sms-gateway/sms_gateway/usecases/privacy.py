"""One person, as contacts asks about them: every message to and from their numbers, and its forgetting."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import account_networks, stop_sayers
from channel import people as channel_people
from chassis import inbox, pages, short_link_hosts
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts import ids
from contracts.rpc import Actor
from contracts.schema import dump
from contracts.sms_gateway.answers import InboundSms
from contracts.sms_gateway.messages import Sms
from contracts.vocabulary import MessageState
from sms_gateway.store import (
    conversations,
    inbound_parts,
    inbound_sms,
    last_messages,
    messages,
    number_networks,
    people,
    prices,
    replies,
    smpp_deliveries,
    unread_deliveries,
)
from sms_gateway.usecases.answers import inbound

GREATEST = UUID(int=2**128 - 1)


def export_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of the messages to a person, and from them to the account's numbers, newest first."""
    asked: dict[str, Any] = {
        "account_id": account_of(actor),
        "addresses": addresses,
        "before": pages.position(cursor) or GREATEST,
        "limit": limit + 1,
    }
    records = [("message", dump(Sms, _message(row))) for row in people.page(session, **asked)]
    records += [("inbound", dump(InboundSms, inbound(row))) for row in inbound_sms.page(session, **asked)]
    records.sort(key=lambda one: one[1]["id"], reverse=True)
    shown = records[:limit]
    return {
        "items": [{"kind": kind, "record": record} for kind, record in shown],
        "next_cursor": pages.cursor_at(shown[-1][1]["id"]) if len(records) > limit else None,
    }


def _message(row: Any) -> dict[str, Any]:
    return {
        **row,
        "id": row["message_id"],
        "to": row["address"],
        "from": row["sender"],
        "state": MessageState(row["state"]),
        "created_at": row["created_at"] or ids.created_at(row["message_id"]),
    }


def erase_person(
    database: Database, *, actor: Actor, now: datetime, addresses: list[str], erased_at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Take a person out of every message made by `erased_at` (see `channel.people.erase`), and forget theirs."""
    answer = channel_people.erase(
        database,
        account_id=account_of(actor),
        addresses=addresses,
        erased_at=erased_at,
        dry_run=dry_run,
        find=people.ids,
        anonymise=_anonymise,
    )
    theirs: dict[str, Any] = {"addresses": addresses, "until": erased_at}
    with database.transaction() as session:
        forget = inbound_sms.count if dry_run else inbound_sms.forget
        answer["counts"]["inbound"] = forget(session, account_id=account_of(actor), **theirs)
        if not dry_run:
            unread_deliveries.forget(session, **theirs)
            inbound_parts.forget(session, **theirs)
            number_networks.forget(session, addresses=addresses)
            for table in (last_messages, smpp_deliveries, stop_sayers, replies, conversations):
                table.forget(session, account_id=account_of(actor), addresses=addresses)
    return answer


def _anonymise(session: Session, account_id: UUID, message_ids: Collection[UUID]) -> None:
    people.anonymise(session, message_ids=message_ids)
    people.forget_texts(session, account_id=account_id, message_ids=message_ids)


def erase_account(session: Session, *, event_id: UUID, account_id: UUID) -> None:
    """Closing an account: nothing of it stays. Harmless when it runs twice: there is nothing left to erase."""
    if inbox.first_time(session, "erase_account", event_id):
        inbound_sms.erase_account(session, account_id)
        inbound_parts.erase_account(session, account_id)
        last_messages.erase_account(session, account_id)
        stop_sayers.erase_account(session, account_id)
        account_networks.forget(session, account_id)
        prices.forget_plan(session, account_id)
        short_link_hosts.forget(session, account_id)
        messages.erase_account(session, account_id)
