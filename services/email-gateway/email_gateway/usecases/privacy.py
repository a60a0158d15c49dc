"""One person, as contacts asks about them: every e-mail to their addresses, and its forgetting."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import account_networks
from channel import people as channel_people
from chassis import pages
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.email_gateway.messages import Email
from contracts.rpc import Actor
from contracts.schema import dump
from email_gateway.domain.senders import FORM_ACCOUNT
from email_gateway.store import (
    contents,
    ip_pools,
    messages,
    people,
    received_mails,
    senders,
    smtp_accounts,
    soft_bounces,
)
from email_gateway.usecases import views

GREATEST = UUID(int=2**128 - 1)


def export_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of the e-mails to a person, newest first; single ones with what they said."""
    before = pages.position(cursor) or GREATEST
    rows = people.page(session, account_id=account_of(actor), addresses=addresses, before=before, limit=limit + 1)
    page = pages.page(rows, limit, _record)
    return {**page, "items": [{"kind": "message", "record": record} for record in page["items"]]}


def _record(row: Any) -> dict[str, Any]:
    document = row.document or {}
    return {
        **dump(Email, views.email(row)),
        "from": row.sender,
        "name": row.name,
        "campaign_id": str(row.campaign_id) if row.campaign_id else None,
        "content": {name: document.get(name) for name in ("subject", "html", "text")} if document else None,
        "variables": _told(row.fields),
    }


def _told(variables: dict[str, Any] | None) -> dict[str, Any] | None:
    """The message's variables; of a confirmation mail without its link, which is for the mailbox alone: whoever else
    held it could confirm a sign-up in the person's place."""
    if variables is None or FORM_ACCOUNT not in variables:
        return variables
    return {name: value for name, value in variables.items() if name not in (FORM_ACCOUNT, "url")}


def erase_person(
    database: Database, *, actor: Actor, now: datetime, addresses: list[str], erased_at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Take a person out of every e-mail made by `erased_at`: see `channel.people.erase`."""
    return channel_people.erase(
        database,
        account_id=account_of(actor),
        addresses=addresses,
        erased_at=erased_at,
        dry_run=dry_run,
        find=people.ids,
        anonymise=lambda session, account_id, message_ids: _anonymise(session, account_id, addresses, message_ids),
    )


def _anonymise(session: Session, account_id: UUID, addresses: list[str], message_ids: Collection[UUID]) -> None:
    people.anonymise(session, message_ids=message_ids)
    received_mails.forget_messages(session, message_ids=message_ids)
    soft_bounces.forget(session, account_id=account_id, addresses=addresses)
    smtp_accounts.forget_addresses(session, account_id=account_id, addresses=addresses)


def erase_account(session: Session, *, account_id: UUID) -> None:
    """Closing an account: nothing of it stays. Harmless when it runs twice: there is nothing left to erase."""
    received_mails.erase_account(session, account_id=account_id)  # before the ledger, which knows whose they are
    soft_bounces.erase_account(session, account_id=account_id)
    messages.erase_account(session, account_id=account_id)
    contents.erase_account(session, account_id=account_id)
    account_networks.forget(session, account_id)
    senders.erase_account(session, account_id=account_id)
    ip_pools.unassign(session, account_id=account_id)
