"""Tests of addresses before they are saved as webhooks (decision 0162)."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from chassis.secrets import Vault
from contracts.rpc import Actor
from reporting import exceptions
from reporting.domain.webhooks import SECRET_BYTES, shown_secret
from reporting.store import accounts, url_tests, webhooks
from reporting.usecases import views
from reporting.usecases.views import Answer
from reporting.usecases.webhook_deliveries import send_test

# Of one account within an hour, used up or not: each is a request to a stranger's address.
MOST_TESTS = 20


def test_url(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    vault: Vault,
    url: str,
    secondary_url: str | None,
    basic_auth: dict[str, str] | None,
) -> Answer:
    """Send one event of no meaning, once, to an address that no webhook has. The secret is in this answer alone."""
    account_id = account_of(actor)
    webhooks.hold_account(session, account_id)
    lately = url_tests.lately(session, account_id=account_id, now=now)
    if len(lately) >= MOST_TESTS:
        raise exceptions.too_many_url_tests(MOST_TESTS, lately[-MOST_TESTS] + url_tests.KEPT - now)
    test_id, secret = new_id(), secrets.token_bytes(SECRET_BYTES)
    if accounts.closed_accounts(session, {str(account_id)}):
        raise exceptions.no_such_url_test(test_id)
    url_tests.add(
        session, id=test_id, account_id=account_id, url=url, secondary_url=secondary_url, secret=vault.encrypt(secret),
        username=basic_auth["username"] if basic_auth else None,
        password=vault.encrypt(basic_auth["password"].encode()) if basic_auth else None, now=now,
    )  # fmt: skip
    send_test(session, test_id, webhook_id=test_id, account_id=account_id, now=now)
    return {**_find(session, account_id, test_id), "secret": shown_secret(secret)}


def get_url_test(session: Session, *, actor: Actor, now: datetime, test_id: UUID) -> Answer:
    return _find(session, account_of(actor), test_id)


def _find(session: Session, account_id: UUID, test_id: UUID) -> dict[str, Any]:
    row = url_tests.find(session, account_id=account_id, test_id=test_id)
    if row is None:
        raise exceptions.no_such_url_test(test_id)
    return {**row, "attempts": views.webhook_attempts(row)}
