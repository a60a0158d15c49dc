"""Single sends as webhooks hear of them: whose they are, and which name an address of their own (decision 0130)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from marshmallow import ValidationError

from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from chassis.inbox import first_time
from chassis.logs import get_logger
from chassis.secrets import Vault
from contracts.events import REPORTING_ACT
from contracts.rpc import Actor
from contracts.vocabulary import MessageState
from contracts.webhook_urls import of_send_field
from reporting.domain.folding import readable_events
from reporting.domain.webhooks import SECRET_BYTES, shown_secret, stem_of
from reporting.store import accounts, webhook_sends
from reporting.store.webhook_sends import Address, Told
from reporting.usecases.views import Answer

_URL = of_send_field()
log = get_logger()


def remember(session: Session, events: Iterable[Any], *, vault: Vault) -> None:
    """Keep what these events tell of single sends, before anything else that happens to them is heard."""
    told = [_told(event) for event in readable_events([event for event in events if _tells(event)])[0]]
    if not told:
        return
    addresses = {(one.account_id, one.url) for one in told if one.url is not None}
    webhook_ids = webhook_sends.webhooks_of(session, {account_id for account_id, _ in addresses}) if addresses else {}
    if new := _taken(session, sorted(addresses - webhook_ids.keys()), webhook_ids):
        keys = {account_id: _new_secret(vault) for account_id, _ in new}
        webhook_sends.add_webhooks(session, new, keys)
        webhook_ids = webhook_sends.webhooks_of(session, {account_id for account_id, _ in addresses})
    webhook_sends.add(session, told, webhook_ids)


def _taken(session: Session, new: Sequence[Address], known: Mapping[Address, UUID]) -> list[Address]:
    """Those of the new addresses for which their accounts have room."""
    in_use = [account_id for account_id, _ in known]
    taken: list[Address] = []
    for address in new:
        if in_use.count(address[0]) >= webhook_sends.MOST_ADDRESSES:
            _tell_not_taken(session, address[0])
            continue
        in_use.append(address[0])
        taken.append(address)
    return taken


def _tell_not_taken(session: Session, account_id: UUID) -> None:
    """In the log, and once a week in the account's trail, of which its owner is told by mail."""
    log.warning("webhook_url_not_taken", account_id=str(account_id))
    if first_time(session, "webhook_url_not_taken", account_id):
        actor: Actor = {"account_id": str(account_id)}
        acts.record(session, REPORTING_ACT, actor, "webhook_url.not_taken", most=webhook_sends.MOST_ADDRESSES)


def _tells(event: Any) -> bool:
    return event.get("kind") == MessageState.ACCEPTED and isinstance(event.get("labels"), dict)


def _told(event: Mapping[str, Any]) -> Told:
    labels = event["labels"]
    return Told(
        stem_id=stem_of(event["message_id"]),
        account_id=UUID(event["account_id"]),
        submitter_id=_id(labels.get("submitter_id")),
        url=_url(labels.get("webhook_url")),
    )


def _id(written: Any) -> UUID | None:
    try:
        return UUID(written)
    except (ValueError, TypeError, AttributeError):
        return None


def _url(written: Any) -> str | None:
    try:
        url: str | None = _URL.deserialize(written)
    except ValidationError:
        return None
    return url


def _new_secret(vault: Vault) -> bytes:
    return vault.encrypt(secrets.token_bytes(SECRET_BYTES))


def rotate_webhook_key(session: Session, *, actor: Actor, now: datetime, vault: Vault, overlap_minutes: int) -> Answer:
    """A new key of what is posted to addresses of single sends; it is shown in this answer alone."""
    account_id, until = account_of(actor), now + timedelta(minutes=overlap_minutes)
    secret = secrets.token_bytes(SECRET_BYTES)
    is_first = True
    if not accounts.closed_accounts(session, {str(account_id)}):
        sealed = vault.encrypt(secret)
        is_first = webhook_sends.ensure_key(session, account_id, sealed)
        if not is_first:
            webhook_sends.rotate_key(session, account_id, secret=sealed, until=until)
    acts.record(
        session, REPORTING_ACT, actor, "webhook_key.rotated", target_id=account_id, overlap_minutes=overlap_minutes
    )
    return {"secret": shown_secret(secret), "previous_secret_until": None if is_first else until}
