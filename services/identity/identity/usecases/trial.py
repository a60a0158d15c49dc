"""Trial: a new account sends only to addresses that it has proved, until an operator ends the trial.

Channels and campaigns learn of it with the quota that they reserve or lease, so that no message costs a question.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis import outbox
from chassis.actors import account_of, operator_of
from chassis.database import Session
from contracts.events import ACCOUNT_STANDING_CHANGED
from contracts.rpc import Actor
from contracts.vocabulary import Channel
from identity import exceptions
from identity.models import Account
from identity.store import accounts, audit, plans, proved_addresses
from identity.usecases import views
from identity.usecases.account_locks import open_for_update


def only_to(session: Session, account_id: UUID, feature: str, *, on_trial: bool) -> Sequence[str] | None:
    """The addresses that the account may send to by a channel; None for any.

    A push goes to nobody but who has installed an application of the account's own, a Viber message to nobody but who
    has subscribed to a bot of its own.
    """
    if not on_trial or feature in (Channel.PUSH, Channel.VIBER):
        return None
    proved = proved_addresses.emails if feature == Channel.EMAIL else proved_addresses.phones
    return proved(session, account_id=account_id)


def get_standing(session: Session, *, actor: Actor, now: datetime, feature: str) -> views.View:
    """Where the account may send to, for who sends something of its that costs no quota (sign-up forms)."""
    account = accounts.account(session, account_id=account_of(actor))
    if account is None or account.state == "closed":
        raise exceptions.not_found("account")
    return {"only_to": only_to(session, account.id, feature, on_trial=account.on_trial)}


def end(session: Session, *, actor: Actor, now: datetime, account_id: UUID, reason: str) -> views.View:
    """End an account's trial as an operator: from now on it sends to anybody."""
    operator_of(actor)
    account = open_for_update(session, account_id)
    if account.on_trial:
        end_with(session, account)
        audit.record(
            session, actor, now, "account.trial_ended", account_id=account_id, target_id=account_id, reason=reason
        )
    return views.account(account, plans.plan_of(session, account))


def end_with(session: Session, account: Account) -> None:
    """End the trial of an account that is locked, by another act of an operator."""
    account.on_trial = False
    session.flush()
    announce_standing(session, account.id)


def announce_standing(session: Session, account_id: UUID) -> None:
    """Announce that where the account may send to has changed: what was leased under other terms ends."""
    account = accounts.account(session, account_id=account_id)
    on_trial = account is not None and account.on_trial
    outbox.record(session, ACCOUNT_STANDING_CHANGED, account_id=account_id, on_trial=on_trial)
