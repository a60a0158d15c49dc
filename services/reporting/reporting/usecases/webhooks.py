"""Webhooks as an account sets them up."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import acts, pages, waking
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from chassis.secrets import Vault
from contracts.etags import ensure_current
from contracts.events import REPORTING_ACT
from contracts.reporting.webhooks import Webhook, WebhookDeliveryState
from contracts.rpc import Actor
from reporting import exceptions
from reporting.domain.webhooks import SECRET_BYTES, shown_secret
from reporting.store import accounts, url_tests, webhook_deliveries, webhooks
from reporting.usecases import views
from reporting.usecases.views import Answer

# Each is a row for every event of the account (decision 0078).
MOST_OF_AN_ACCOUNT = 5
# What is woken when there may be something to send.
WEBHOOKS = "webhooks"


def create_webhook(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    vault: Vault,
    url: str,
    events: list[Any],
    test_id: UUID | None = None,
    **settings: Any,
) -> Answer:
    """The secret is in this answer alone.

    :param test_id: a test of these addresses and this login that has arrived; its secret becomes the webhook's.
    """
    account_id = account_of(actor)
    webhooks.hold_account(session, account_id)
    if webhooks.count(session, account_id=account_id) >= MOST_OF_AN_ACCOUNT:
        raise exceptions.too_many_webhooks(MOST_OF_AN_ACCOUNT)
    webhook_id = new_id()
    secret = secrets.token_bytes(SECRET_BYTES)
    if test_id is not None:
        secret = _tested_secret(session, account_id, test_id, {"url": url, **settings}, vault, now)
    if not accounts.closed_accounts(session, {str(account_id)}):
        webhooks.add(
            session, id=webhook_id, account_id=account_id, secret=vault.encrypt(secret), created_at=now, updated_at=now,
            **_as_columns({"url": url, "events": events, **settings}, vault),
        )  # fmt: skip
    acts.record(session, REPORTING_ACT, actor, "webhook.created", target_id=webhook_id, events=sorted(events))
    return {**find(session, account_id, webhook_id), "secret": shown_secret(secret)}


def _tested_secret(
    session: Session, account_id: UUID, test_id: UUID, settings: dict[str, Any], vault: Vault, now: datetime
) -> bytes:
    """The secret of a test, with these addresses and this login, that has arrived; the test is used up by it.

    :raises NotFound: no such test, or none any more.
    :raises Conflict: it has not arrived, or went to other addresses or with another login.
    """
    test = url_tests.find(session, account_id=account_id, test_id=test_id, locked=True)
    if test is None:
        raise exceptions.no_such_url_test(test_id)
    if _as_tested(test, vault) != _as_given(settings) or test["state"] != WebhookDeliveryState.DELIVERED:
        raise exceptions.url_not_tested(test_id)
    webhooks.delete(session, test_id, now=now)
    return vault.decrypt(test["secret"])


def _as_tested(test: Mapping[Any, Any], vault: Vault) -> tuple[str | None, ...]:
    """What a request goes to and with: both addresses, user and password."""
    password = vault.decrypt(test["password"]).decode() if test["password"] else None
    return test["url"], test["secondary_url"], test["username"], password


def _as_given(settings: Mapping[str, Any]) -> tuple[str | None, ...]:
    login = settings.get("basic_auth") or {}
    return settings["url"], settings.get("secondary_url"), login.get("username"), login.get("password")


def list_webhooks(session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None) -> Answer:
    rows = webhooks.page(session, account_id=account_of(actor), after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.webhook)


def get_webhook(session: Session, *, actor: Actor, now: datetime, webhook_id: UUID) -> Answer:
    return find(session, account_of(actor), webhook_id)


def update_webhook(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    vault: Vault,
    webhook_id: UUID,
    if_match: list[str] | None = None,
    **changes: Any,
) -> Answer:
    account_id = account_of(actor)
    webhook = find(session, account_id, webhook_id, locked=True)
    ensure_current(if_match, Webhook, webhook)
    if webhook["for_sends"] and changes.keys() & {"url", "submitter_id", "campaign_id"}:
        raise exceptions.webhook_of_sends(webhook_id)
    webhooks.update(session, webhook_id, now=now, changes=_as_columns(changes, vault))
    if changes.get("enabled"):
        webhooks.end_pause(session, webhook_id)
        webhook_deliveries.take_up(session, webhook_id)
        waking.wake(session, WEBHOOKS)
    acts.record(session, REPORTING_ACT, actor, "webhook.changed", target_id=webhook_id, fields=sorted(changes))
    return find(session, account_id, webhook_id)


def delete_webhook(
    session: Session, *, actor: Actor, now: datetime, webhook_id: UUID, if_match: list[str] | None = None
) -> None:
    ensure_current(if_match, Webhook, find(session, account_of(actor), webhook_id, locked=True))
    webhooks.delete(session, webhook_id, now=now)
    acts.record(session, REPORTING_ACT, actor, "webhook.deleted", target_id=webhook_id)


def rotate_webhook_secret(
    session: Session, *, actor: Actor, now: datetime, vault: Vault, webhook_id: UUID, overlap_minutes: int
) -> Answer:
    """Until the overlap ends requests are signed with both secrets, so that no receiver refuses one."""
    account_id = account_of(actor)
    if find(session, account_id, webhook_id, locked=True)["for_sends"]:
        raise exceptions.webhook_of_sends(webhook_id)
    secret, until = secrets.token_bytes(SECRET_BYTES), now + timedelta(minutes=overlap_minutes)
    webhooks.rotate(session, webhook_id, secret=vault.encrypt(secret), now=now, until=until)
    acts.record(
        session, REPORTING_ACT, actor, "webhook.secret_rotated", target_id=webhook_id, overlap_minutes=overlap_minutes
    )
    return {**find(session, account_id, webhook_id), "secret": shown_secret(secret)}


def find(session: Session, account_id: UUID, webhook_id: UUID, *, locked: bool = False) -> dict[str, Any]:
    """:raises NotFound: not in this account."""
    row = webhooks.find(session, account_id=account_id, webhook_id=webhook_id, locked=locked)
    if row is None:
        raise exceptions.no_such_webhook(webhook_id)
    return views.webhook(row)


def _as_columns(settings: dict[str, Any], vault: Vault) -> dict[str, Any]:
    columns = dict(settings)
    if "basic_auth" in columns:
        given = columns.pop("basic_auth")
        columns["username"] = given["username"] if given else None
        columns["password"] = vault.encrypt(given["password"].encode()) if given else None
    if "events" in columns:
        columns["events"] = sorted({event.value for event in columns["events"]})
    if "retry_plan" in columns:
        columns["retry_plan"] = columns["retry_plan"].value
        columns.setdefault("retry_delays", None)
    if columns.get("channel"):
        columns["channel"] = columns["channel"].value
    return columns
