"""Double opt-in: a stranger submits a form, a mail goes to the address, its button makes a contact with a consent.

A submission looks at nothing that the account knows, and its answer is always the same: it tells nobody whether an
address is new, known, archived or erased. All that is decided at the confirmation, by whoever reads the mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis import outbox
from chassis.ids import new_id
from chassis.logs import get_logger
from contacts.domain import sign_ups as rules
from contacts.domain import values
from contacts.exceptions import field_invalid
from contacts.store import archive as archive_store
from contacts.store import fields as field_store
from contacts.store import groups as group_store
from contacts.store import people as people_store
from contacts.store import submissions as store
from contacts.store.audience import ADDRESS
from contacts.usecases import forms, people, views
from contacts.usecases.given import normalised
from contacts.usecases.views import View
from contracts.contacts.forms import SubmissionState
from contracts.errors import Conflict, FieldError, Invalid
from contracts.events import CONFIRMATION_MAIL_REQUESTED
from contracts.rpc import Actor

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = get_logger()

RECEIVED = {"state": "pending", "detail": "A mail with a link is on its way. The sign-up counts once it is confirmed."}


def submit(session: Session, actor: Actor, now: datetime, *, form_id: UUID, **request: Any) -> View:
    """Keep a submission and ask for its confirmation mail.

    :raises NotFound: there is no such form. :raises Conflict: `form.consent_changed`, another text was shown.
    :raises Invalid: naming every answer that is wrong or missing.
    """
    form = forms.open_form(session, form_id, hold=True)
    if request["website"]:
        log.info("sign_up_trapped", form_id=str(form_id))
        return RECEIVED
    language = request["language"] if request["language"] in form["consent_texts"] else form["language"]
    _ensure_consent(form, request)
    given = _answers(session, form, request["fields_"], now)
    address = rules.address_hash(given["email"])
    of_account, of_all = store.mails_to(session, account_id=form["account_id"], address=address, now=now)
    if not rules.may_mail(of_account=of_account, of_all=of_all):
        log.info("confirmation_mail_held_back", form_id=str(form_id))
        return RECEIVED
    submission_id, token = new_id(), rules.new_token()
    store.insert(
        session,
        {
            "id": submission_id,
            "account_id": form["account_id"],
            "form_id": form_id,
            "form_name": form["name"],
            "token_hash": rules.token_hash(token),
            "email": given["email"],
            "given": given,
            "channels": form["channels"],
            "language": language,
            "consent_version": form["consent_version"],
            "consent_text": form["consent_texts"][language],
            "submitted_at": now,
            "submitted_from": actor.get("address") or "",
            "submitted_agent": request["user_agent"],
            "expires_at": now + rules.CONFIRM_WITHIN,
        },
    )
    store.count_mail(session, account_id=form["account_id"], address=address, now=now)
    _ask_for_mail(session, form, submission_id, given["email"], language, token)
    return RECEIVED


def _ensure_consent(form: Mapping[Any, Any], request: Mapping[str, Any]) -> None:
    if not request["consent"]:
        raise field_invalid("consent", "form.consent_missing", "The sign-up needs the consent.")
    if request["consent_version"] not in (None, form["consent_version"]):
        raise Conflict(
            "form.consent_changed",
            "The text of consent has changed since it was shown. Load the form again.",
            {"consent_version": form["consent_version"]},
        )


def _answers(session: Session, form: Mapping[Any, Any], given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Columns of a contact from a person's answers; only those that are given."""
    custom = field_store.all_of(session, account_id=form["account_id"])
    fields = {field["key"]: field for field in forms.asked(form, {one["key"]: one for one in custom})}
    answers = {key: value for key, value in given.items() if value is not None and value != ""}
    errors: list[FieldError] = [
        {"field": f"fields.{key}", "code": "form.not_asked", "detail": "The form does not ask this."}
        for key in given
        if key not in fields
    ]
    errors += [
        {"field": f"fields.{key}", "code": "form.answer_missing", "detail": "The form needs this."}
        for key, field in fields.items()
        if field["required"] and (key not in answers or not str(answers[key]).strip())
    ]
    plain: dict[str, Any] = {}
    for key in (key for key in rules.ASKABLE if key in fields and key in answers):
        read = _read(key, answers[key])
        if read is None:
            errors.append({"field": f"fields.{key}", "code": f"{key}.invalid", "detail": f"Not a valid {key}."})
        else:
            plain[key] = read
    chosen = {key: value for key, value in answers.items() if key in fields and key not in rules.ASKABLE}
    region = people_store.region(session, account_id=form["account_id"])
    try:
        columns = normalised({**plain, "fields_": chosen}, custom, region, now)
    except Invalid as invalid:
        errors += [{**error, "field": f"fields.{error['field'].removeprefix('fields.')}"} for error in invalid.errors]
    if errors:
        raise Invalid("request.invalid", "Some fields are not valid.", None, errors)
    return {name: value for name, value in columns.items() if value is not None}


def _read(key: str, raw: Any) -> Any:
    if not isinstance(raw, str):
        return None
    return values.to_date(raw) if key == "birth_date" else raw


def _ask_for_mail(
    session: Session, form: Mapping[Any, Any], submission_id: UUID, email: str, language: str, token: str
) -> None:
    """Nothing that the stranger typed is in the mail but the address: it is no way to send words to others."""
    outbox.record(
        session,
        CONFIRMATION_MAIL_REQUESTED,
        account_id=form["account_id"],
        submission_id=submission_id,
        to=email,
        language=language,
        sender=form["sender"],
        account_name=form["account_name"],
        title=form["title"] or form["name"],
        token=token,
        days_valid=rules.CONFIRM_WITHIN.days,
    )


def look(session: Session, actor: Actor, now: datetime, *, token: str, user_agent: str = "") -> View:
    """What the link's page says; looking changes nothing, for mail scanners follow links."""
    return _view(session, _found(session, token), now)


def account_of_link(session: Session, token: str) -> UUID:
    """Whose terms a confirmation needs."""
    account_id = store.account_of_token(session, token_hash=rules.token_hash(token))
    if account_id is None:
        raise views.not_found("confirmation")
    return account_id


def confirm(
    session: Session, actor: Actor, now: datetime, *, token: str, user_agent: str, account_id: UUID, limit: int | None
) -> View:
    """The button in the link's page: the contact, its groups and its consents. The second time changes nothing.

    :raises PlanLimit: the account may hold no more contacts; the link stays good.
    """
    # The account before the submission, as whoever erases a person does.
    people_store.set_terms(session, account_id=account_id, limit=limit, region=None)
    account = people_store.lock_account(session, account_id=account_id)
    submission = _found(session, token, lock=True)
    state = _view(session, submission, now)
    if state["state"] != SubmissionState.PENDING:
        return state
    given = {**submission["given"]}
    if "birth_date" in given:
        given["birth_date"] = date.fromisoformat(given["birth_date"])
    row = people_store.find_by(session, account_id=account_id, column="email", value=given["email"], lock=True)
    if "phone" in given and not _may_take_phone(session, account_id, given, row):
        log.info("sign_up_phone_left_out", submission_id=str(submission["id"]))
        del given["phone"]
    granted = [channel for channel in submission["channels"] if given.get(ADDRESS[channel])]
    for channel in granted:
        given[f"{channel}_consent"] = True
        given[f"{channel}_consent_source"] = f"form:{submission['form_id']}"
        given[f"{channel}_consent_at"] = now
    addresses = {channel: given[ADDRESS[channel]] for channel in granted}
    back = [given[name] for name in ADDRESS.values() if name in given]
    people_store.forget_erasure(session, account_id=account_id, addresses=back)
    if row is None:
        contact_id = people.insert(session, account_id, account, given)
    else:
        contact_id = row["id"]
        changed = {**given, "custom": {**row["custom"], **given.get("custom", {})}}
        people_store.update(session, account_id=account_id, contact_id=contact_id, values=changed)
    for group_id in sorted(group_store.known(session, account_id=account_id, group_ids=submission["group_ids"] or [])):
        group_store.add_members(session, account_id=account_id, group_id=group_id, contact_ids=[contact_id])
    _restore(session, account_id, submission, addresses, known=row)
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


def _may_take_phone(
    session: Session, account_id: UUID, given: Mapping[str, Any], row: Mapping[Any, Any] | None
) -> bool:
    """Whether the phone may become the contact's: a mailbox proves no phone.

    One that another contact has stays there. One that was erased stays erased, unless the e-mail address was erased
    too: then it is the same person who comes back.
    """
    holder = people_store.find_by(session, account_id=account_id, column="phone", value=given["phone"])
    if holder is not None:
        return row is not None and bool(holder["id"] == row["id"])
    erased = people_store.erased(session, account_id=account_id, addresses=[given["email"], given["phone"]])
    return given["phone"] not in erased or given["email"] in erased


def _restore(
    session: Session,
    account_id: UUID,
    submission: Mapping[Any, Any],
    addresses: Mapping[str, str],
    *,
    known: Mapping[Any, Any] | None,
) -> None:
    """Let archived addresses be written to again where the fresh consent outweighs the reason; the entries stay."""
    for channel, address in addresses.items():
        proven = channel == "email" or (known is not None and known[ADDRESS[channel]] == address)
        for entry in archive_store.present(session, account_id=account_id, channel=channel, addresses=[address]):
            if rules.is_ended_by_consent(entry["reason"], proven=proven):
                archive_store.restore(
                    session,
                    account_id=account_id,
                    archive_id=entry["id"],
                    restored_by=None,
                    note=f"form:{submission['form_id']} submission:{submission['id']}",
                )


def _found(session: Session, token: str, *, lock: bool = False) -> Mapping[Any, Any]:
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
