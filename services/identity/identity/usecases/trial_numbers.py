"""Trial numbers: added, proved by a code sent by SMS, and taken away."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis import outbox, pages
from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.ids import new_id
from contracts.errors import Invalid, WiciError
from contracts.events import SYSTEM_SMS_REQUESTED
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import trial_codes
from identity.domain.throttling import login_key
from identity.models import TrialNumber
from identity.store import accounts, audit
from identity.store import proved_addresses as store
from identity.usecases import throttles, trial, views
from identity.usecases.actors import session_user_of


def list_trial_numbers(session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None) -> views.View:
    """The account's trial numbers, confirmed and not."""
    after = pages.position(cursor)
    rows = store.trial_numbers_page(session, account_id=account_of(actor), after=after, limit=limit + 1)
    return pages.page(rows, limit, views.trial_number)


def add(session: Session, *, actor: Actor, now: datetime, phone: str) -> views.View:
    """Add a number and send it a code; one that waits for its code gets another, a confirmed one none.

    :raises TooManyRequests: too many codes today, of the account or to the number.
    """
    session_user_of(actor)
    account_id = account_of(actor)
    known = store.trial_number_of(session, account_id=account_id, phone=phone)
    if known is not None and known.confirmed_at is not None:
        return views.trial_number(known)
    throttles.count_attempt(session, _counters(account_id, phone), now)
    account = accounts.open_account(session, account_id=account_id)
    if account is None:
        raise exceptions.account_inactive("closed")
    if known is None and store.count_trial_numbers(session, account_id=account_id) >= trial_codes.MOST_NUMBERS:
        raise exceptions.conflict("trial_number.too_many", f"An account has {trial_codes.MOST_NUMBERS} trial numbers.")
    code = trial_codes.new_code()
    number = store.put_trial_number(
        session,
        id=new_id(),
        account_id=account_id,
        phone=phone,
        code_hash=trial_codes.code_hash(account_id, phone, code),
        code_expires_at=now + trial_codes.LIFE,
        created_at=now,
    )
    outbox.record(
        session,
        SYSTEM_SMS_REQUESTED,
        account_id=account_id,
        to=phone,
        language=account.language,
        template="trial_number_code",
        fields={"code": code},
    )
    audit.record(session, actor, now, "trial_number.code_sent", account_id=account_id, target_id=number.id)
    return views.trial_number(number)


def _counters(account_id: UUID, phone: str) -> throttles.AttemptCounters:
    return [
        (login_key("trial_numbers", str(account_id)), trial_codes.PER_ACCOUNT),
        (login_key("trial_number", phone), trial_codes.PER_NUMBER),
    ]


def confirm(database: Database, *, actor: Actor, now: datetime, trial_number_id: UUID, code: str) -> views.View:
    """Confirm a number by the code that was sent there. A wrong one is counted; five of them end the code."""
    session_user_of(actor)
    with database.transaction() as session:
        number = store.trial_number_for_update(session, account_id=account_of(actor), trial_number_id=trial_number_id)
        if number is None:
            raise exceptions.not_found("trial_number")
        refusal = _refusal(number, code, now)
        if refusal is None and number.confirmed_at is None:
            store.confirm(session, number, now=now)
            account_id = number.account_id
            audit.record(session, actor, now, "trial_number.confirmed", account_id=account_id, target_id=number.id)
            trial.announce_standing(session, account_id)
        shown = views.trial_number(number)
    if refusal is not None:
        raise refusal
    return shown


def _refusal(number: TrialNumber, code: str, now: datetime) -> WiciError | None:
    """Why the code does not confirm the number, once the guess is counted."""
    if number.confirmed_at is not None:
        return None
    number.guesses += 1
    if number.guesses > trial_codes.GUESSES or number.code_expires_at <= now:
        return exceptions.conflict("trial_number.code_expired", "The code is no longer valid: ask for another one.")
    if not trial_codes.is_right(number.code_hash, number.account_id, number.phone, code):
        return Invalid.of_field("code", "trial_number.code_wrong", "The code is wrong.")
    return None


def delete(session: Session, *, actor: Actor, now: datetime, trial_number_id: UUID) -> None:
    """Take a number away: on trial nothing is sent there any more."""
    session_user_of(actor)
    account_id = account_of(actor)
    if store.delete_trial_number(session, account_id=account_id, trial_number_id=trial_number_id) is None:
        raise exceptions.not_found("trial_number")
    audit.record(session, actor, now, "trial_number.deleted", account_id=account_id, target_id=trial_number_id)
    trial.announce_standing(session, account_id)
