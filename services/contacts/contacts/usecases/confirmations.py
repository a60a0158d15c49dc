"""The second step of a double opt-in: the button behind the mail's link makes a contact with a consent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.database import Session
from chassis.logs import get_logger
from contacts.domain import sign_ups as rules
from contacts.store import archive as archive_store
from contacts.store import groups as group_store
from contacts.store import leavers
from contacts.store import people as people_store
from contacts.store import submissions as store
from contacts.store.audiences import ADDRESS
from contacts.usecases import people, views
from contacts.usecases.views import View
from contracts.contacts.forms import SubmissionState
from contracts.rpc import Actor

log = get_logger()


def look(session: Session, *, actor: Actor, now: datetime, token: str, user_agent: str = "") -> View:
    """What the link's page says; looking changes nothing, for mail scanners follow links."""
    return _view(session, _submission(session, token), now)


def account_of_link(session: Session, *, token: str) -> UUID:
    """The account whose terms a confirmation needs."""
    account_id = store.account_of_token(session, token_hash=rules.token_hash(token))
    if account_id is None:
        raise views.not_found("confirmation")
    return account_id


def confirm(
    session: Session, *, actor: Actor, now: datetime, token: str, user_agent: str, account_id: UUID, limit: int | None
) -> View:
    """The button in the link's page: the contact, its groups and its consents. The second time changes nothing.

    :raises PlanLimit: the account may hold no more contacts; the link stays good.
    """
    # The account before the submission, as the erasure of a person does.
    people_store.set_terms(session, account_id=account_id, limit=limit, region=None)
    account = people_store.lock_account(session, account_id=account_id)
    submission = _submission(session, token, lock=True)
    state = _view(session, submission, now)
    if state["state"] != SubmissionState.PENDING:
        return state
    columns = _columns(submission)
    contact = people_store.find_by(session, account_id=account_id, column="email", value=columns["email"], lock=True)
    if "phone" in columns and not _may_take_phone(session, account_id, columns, contact):
        log.info("sign_up_phone_left_out", submission_id=str(submission["id"]))
        del columns["phone"]
    granted = [channel for channel in submission["channels"] if columns.get(ADDRESS[channel])]
    columns |= _consents(granted, submission["form_id"], now)
    contact_id = _save(session, account, contact, columns)
    _join_groups(session, account_id, contact_id, submission["group_ids"] or [])
    addresses = {channel: columns[ADDRESS[channel]] for channel in granted}
    _restore(session, account_id, submission, addresses, contact=contact)
    store.confirm(
        session,
        submission_id=submission["id"],
        account_id=account_id,
        now=now,
        address=actor.get("address") or "",
        user_agent=user_agent,
        contact_id=contact_id,
        granted=granted,
    )
    return {**state, "state": SubmissionState.CONFIRMED, "already": False}


def _columns(submission: Mapping[Any, Any]) -> dict[str, Any]:
    """The contact's columns as they were submitted, read back from JSON."""
    columns = {**submission["given"]}
    if "birth_date" in columns:
        columns["birth_date"] = date.fromisoformat(columns["birth_date"])
    return columns


def _may_take_phone(
    session: Session, account_id: UUID, columns: Mapping[str, Any], contact: Mapping[Any, Any] | None
) -> bool:
    """Whether the phone may become the contact's: a mailbox proves no phone.

    One that another contact has stays there. One that was erased stays erased, unless the e-mail address was erased
    too: then it is the same person who comes back.
    """
    holder = people_store.find_by(session, account_id=account_id, column="phone", value=columns["phone"])
    if holder is not None:
        return contact is not None and bool(holder["id"] == contact["id"])
    erased = people_store.erased(session, account_id=account_id, addresses=[columns["email"], columns["phone"]])
    return columns["phone"] not in erased or columns["email"] in erased


def _consents(channels: list[str], form_id: UUID, now: datetime) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for channel in channels:
        columns[f"{channel}_consent"] = True
        columns[f"{channel}_consent_source"] = f"form:{form_id}"
        columns[f"{channel}_consent_at"] = now
    return columns


def _save(
    session: Session, account: Mapping[Any, Any], contact: Mapping[Any, Any] | None, columns: Mapping[str, Any]
) -> UUID:
    """Add the contact, or change the one that has the e-mail address; returns its id."""
    account_id = account["account_id"]
    addresses = [columns[name] for name in ADDRESS.values() if name in columns]
    people_store.forget_erasure(session, account_id=account_id, addresses=addresses)
    if contact is None:
        return people.insert(session, account=account, columns=columns)
    contact_id: UUID = contact["id"]
    values = {**columns, "custom": {**contact["custom"], **columns.get("custom", {})}}
    people_store.update(session, account_id=account_id, contact_id=contact_id, values=values)
    return contact_id


def _join_groups(session: Session, account_id: UUID, contact_id: UUID, group_ids: list[UUID]) -> None:
    """Put the contact into those of the form's groups that are still there; who had left one is back."""
    leavers.come_back(session, account_id=account_id, group_ids=group_ids, contact_ids=[contact_id])
    for group_id in sorted(group_store.known(session, account_id=account_id, group_ids=group_ids)):
        group_store.add_members(session, account_id=account_id, group_id=group_id, contact_ids=[contact_id])


def _restore(
    session: Session,
    account_id: UUID,
    submission: Mapping[Any, Any],
    addresses: Mapping[str, str],
    *,
    contact: Mapping[Any, Any] | None,
) -> None:
    """Let archived addresses be written to again where the fresh consent outweighs the reason; the entries stay."""
    for channel, address in addresses.items():
        proven = channel == "email" or (contact is not None and contact[ADDRESS[channel]] == address)
        for entry in archive_store.present(session, account_id=account_id, channel=channel, addresses=[address]):
            if rules.is_ended_by_consent(entry["reason"], proven=proven):
                archive_store.restore(
                    session,
                    account_id=account_id,
                    archive_id=entry["id"],
                    restored_by=None,
                    note=f"form:{submission['form_id']} submission:{submission['id']}",
                )


def _submission(session: Session, token: str, *, lock: bool = False) -> Mapping[Any, Any]:
    row = store.find_by_token(session, token_hash=rules.token_hash(token), lock=lock)
    if row is None:
        raise views.not_found("confirmation")
    return row


def _view(session: Session, submission: Mapping[Any, Any], now: datetime) -> View:
    state = rules.state_of(confirmed_at=submission["confirmed_at"], expires_at=submission["expires_at"], now=now)
    if state is not SubmissionState.CONFIRMED and store.is_confirmed_since(session, submission):
        state = SubmissionState.CONFIRMED
    return {
        "state": state,
        "already": state is SubmissionState.CONFIRMED,
        "form_id": submission["open_form_id"],
        "language": submission["language"],
        "title": submission["title"] or submission["form_name"],
        "account_name": submission["account_name"] or "",
        "consent_text": submission["consent_text"],
        "confirmed_url": submission["confirmed_url"],
    }
