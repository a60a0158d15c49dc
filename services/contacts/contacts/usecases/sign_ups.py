"""The first step of a double opt-in: a stranger submits a form, and a mail with a link goes to the address.

A submission looks at nothing that the account knows, and its answer is always the same: it tells nobody whether an
address is new, known, archived or erased. All that is decided by `confirmations`, for the person who reads the mailbox.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import outbox
from chassis.database import Session
from chassis.ids import new_id
from chassis.logs import get_logger
from contacts.domain import sign_ups as rules
from contacts.domain import values
from contacts.store import fields as field_store
from contacts.store import forms as form_store
from contacts.store import people as people_store
from contacts.store import submissions as store
from contacts.usecases import forms, views
from contacts.usecases.contact_input import columns_of
from contacts.usecases.views import View
from contracts.errors import Conflict, FieldError, Invalid
from contracts.events import CONFIRMATION_MAIL_REQUESTED
from contracts.rpc import Actor

log = get_logger()

RECEIVED = {"state": "pending", "detail": "A mail with a link is on its way. The sign-up counts once it is confirmed."}
ON_TRIAL = {
    "state": "trial",
    "detail": "This form is being tried out: only addresses that its owner has proved get a mail with a link.",
}


def describe(session: Session, *, actor: Actor, now: datetime, form_id: UUID) -> View:
    """What anybody may know of a form that is not archived."""
    row = _open_form(session, form_id)
    custom = {field["key"]: field["kind"] for field in field_store.all_of(session, account_id=row["account_id"])}
    return {
        **row,
        "title": row["title"] or row["name"],
        "fields_": [
            {**field, "type": rules.TYPES.get(field["key"], custom.get(field["key"], "text"))}
            for field in forms.asked_fields(row, custom)
        ],
    }


def account_of_form(session: Session, *, form_id: UUID) -> UUID:
    """Whose form it is. :raises NotFound: there is no such form."""
    account_id: UUID = _open_form(session, form_id)["account_id"]
    return account_id


def _open_form(session: Session, form_id: UUID, *, hold: bool = False) -> Mapping[Any, Any]:
    row = form_store.find_open(session, form_id=form_id, hold=hold)
    if row is None:
        raise views.not_found("form")
    return row


def submit(
    session: Session, *, actor: Actor, now: datetime, form_id: UUID, only_to: Collection[str] | None, **request: Any
) -> View:
    """Keep a submission and ask for its confirmation mail.

    :param only_to: the only addresses that get a mail while the account is on trial; whose they are is not told.
    :raises NotFound: there is no such form. :raises Conflict: `form.consent_changed`, another text was shown.
    :raises Invalid: naming every answer that is wrong or missing.
    """
    form = _open_form(session, form_id, hold=True)
    received = RECEIVED if only_to is None else ON_TRIAL
    if request["website"]:
        log.info("sign_up_trapped", form_id=str(form_id))
        return received
    language = request["language"] if request["language"] in form["consent_texts"] else form["language"]
    _ensure_consent(form, request)
    columns = _columns(session, form, request["fields_"], now)
    is_foreign = only_to is not None and columns["email"].lower() not in only_to
    if is_foreign or not _may_mail(session, form["account_id"], columns["email"], now):
        log.info("confirmation_mail_held_back", form_id=str(form_id))
        return received
    submission_id, token = new_id(), rules.new_token()
    submission = {
        "id": submission_id,
        "account_id": form["account_id"],
        "form_id": form_id,
        "form_name": form["name"],
        "token_hash": rules.token_hash(token),
        "email": columns["email"],
        "given": columns,
        "channels": form["channels"],
        "language": language,
        "consent_version": form["consent_version"],
        "consent_text": form["consent_texts"][language],
        "submitted_at": now,
        "submitted_from": actor.get("address") or "",
        "submitted_agent": request["user_agent"],
        "expires_at": now + rules.CONFIRM_WITHIN,
    }
    store.insert(session, submission)
    _ask_for_mail(session, form, submission, token)
    return received


def _may_mail(session: Session, account_id: UUID, email: str, now: datetime) -> bool:
    """Count one more confirmation mail to the address, unless it has got as many as it may."""
    address = rules.address_hash(email)
    of_account, of_all = store.mails_to(session, account_id=account_id, address=address, now=now)
    if not rules.may_mail(of_account=of_account, of_all=of_all):
        return False
    store.count_mail(session, account_id=account_id, address=address, now=now)
    return True


def _ensure_consent(form: Mapping[Any, Any], request: Mapping[str, Any]) -> None:
    if not request["consent"]:
        raise Invalid.of_field("consent", "form.consent_missing", "The sign-up needs the consent.")
    if request["consent_version"] not in (None, form["consent_version"]):
        raise Conflict(
            "form.consent_changed",
            "The text of consent has changed since it was shown. Load the form again.",
            {"consent_version": form["consent_version"]},
        )


def _columns(session: Session, form: Mapping[Any, Any], answers: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Columns of a contact from a person's answers; only those that are given."""
    custom = field_store.all_of(session, account_id=form["account_id"])
    fields = {field["key"]: field for field in forms.asked_fields(form, {field["key"]: field for field in custom})}
    errors = _wrong_answers(fields, answers)
    answers = {key: value for key, value in answers.items() if value is not None and value != ""}
    plain: dict[str, Any] = {}
    for key in (key for key in rules.ASKABLE if key in fields and key in answers):
        plain[key] = _read(key, answers[key])
        if plain[key] is None:
            errors.append({"field": f"fields.{key}", "code": f"{key}.invalid", "detail": f"Not a valid {key}."})
            del plain[key]
    chosen = {key: value for key, value in answers.items() if key in fields and key not in rules.ASKABLE}
    region = people_store.region(session, account_id=form["account_id"])
    try:
        columns = columns_of({**plain, "fields_": chosen}, custom, region, now)
    except Invalid as invalid:
        errors += [{**error, "field": f"fields.{error['field'].removeprefix('fields.')}"} for error in invalid.errors]
    if errors:
        raise Invalid("request.invalid", "Some fields are not valid.", None, errors)
    return {name: value for name, value in columns.items() if value is not None}


def _wrong_answers(fields: Mapping[str, Any], answers: Mapping[str, Any]) -> list[FieldError]:
    """Answers to what the form does not ask, and needed answers that are missing or blank."""
    not_asked: list[FieldError] = [
        {"field": f"fields.{key}", "code": "form.not_asked", "detail": "The form does not ask this."}
        for key in answers
        if key not in fields
    ]
    missing: list[FieldError] = [
        {"field": f"fields.{key}", "code": "form.answer_missing", "detail": "The form needs this."}
        for key, field in fields.items()
        if field["required"] and (answers.get(key) is None or not str(answers[key]).strip())
    ]
    return not_asked + missing


def _read(key: str, raw: Any) -> Any:
    if not isinstance(raw, str):
        return None
    return values.to_date(raw) if key == "birth_date" else raw


def _ask_for_mail(session: Session, form: Mapping[Any, Any], submission: Mapping[str, Any], token: str) -> None:
    """Nothing that the stranger typed is in the mail but the address: it is no way to send words to others."""
    outbox.record(
        session,
        CONFIRMATION_MAIL_REQUESTED,
        account_id=form["account_id"],
        submission_id=submission["id"],
        to=submission["email"],
        language=submission["language"],
        sender=form["sender"],
        account_name=form["account_name"],
        title=form["title"] or form["name"],
        token=token,
        days_valid=rules.CONFIRM_WITHIN.days,
    )
