"""An account, locked, so that its changes and what is announced of them come one after the other."""

from __future__ import annotations

from uuid import UUID

from chassis.database import Session
from identity import exceptions
from identity.models import Account
from identity.store import accounts


def open_for_update(session: Session, account_id: UUID) -> Account:
    """The account, locked. :raises NotFound: there is none. :raises Forbidden: `account.inactive`, it is closed."""
    account = accounts.account_for_update(session, account_id=account_id)
    if account is None:
        raise exceptions.not_found("account")
    if account.state == "closed":
        raise exceptions.account_inactive(account.state)
    return account
