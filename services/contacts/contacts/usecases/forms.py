"""Sign-up forms: what they ask, in which words consent is given, where people land; and what was submitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, pages
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts.domain import sign_ups as rules
from contacts.store import fields as field_store
from contacts.store import forms as store
from contacts.store import groups as group_store
from contacts.store import people as people_store
from contacts.store import submissions as submission_store
from contacts.store.audiences import ADDRESS
from contacts.usecases import groups, views
from contacts.usecases.account_terms import AccountTerms
from contacts.usecases.views import View
from contracts.contacts.forms import Form, SubmissionState
from contracts.errors import Conflict, Invalid
from contracts.etags import ensure_current
from contracts.events import CONTACTS_ACT
from contracts.rpc import Actor


@dataclass(frozen=True)
class Owner:
    """What other services say of the account that makes a form, and whether it may send from the form's sender."""

    terms: AccountTerms
    may_send: bool


def list_forms(
    session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None, archived: bool
) -> View:
    rows = store.page(
        session, account_id=account_of(actor), archived=archived, after=pages.position(cursor), limit=limit + 1
    )
    return pages.page(rows, limit, view)


def get(session: Session, *, actor: Actor, now: datetime, form_id: UUID) -> View:
    return view(_form(session, account_of(actor), form_id))


def view(row: Mapping[Any, Any]) -> View:
    return {**row, "fields_": row["fields"]}


def create(session: Session, *, actor: Actor, now: datetime, owner: Owner, **request: Any) -> View:
    """:raises Conflict: `form.name_taken`. :raises Invalid: naming every field, group or text that is wrong."""
    account_id = account_of(actor)
    people_store.set_terms(session, account_id=account_id, **owner.terms.kept)
    values = _checked(session, account_id, request, owner)
    form_id = new_id()
    if not store.insert(session, form_id=form_id, account_id=account_id, values=values):
        raise _name_taken()
    acts.record(session, CONTACTS_ACT, actor, "form.created", target_id=form_id, name=values["name"])
    return get(session, actor=actor, now=now, form_id=form_id)


def update(
    session: Session, *, actor: Actor, now: datetime, owner: Owner, form_id: UUID, archived: bool | None = None,
    if_match: list[str] | None = None, **request: Any,
) -> View:  # fmt: skip
    """Change what is given. Other words of consent are another version of it."""
    account_id = account_of(actor)
    people_store.lock_account(session, account_id=account_id)
    row = _form(session, account_id, form_id, lock=True)
    ensure_current(if_match, Form, view(row))
    values = _checked(session, account_id, {**_present_content(session, row), **request}, owner)
    values["archived"] = row["archived"] if archived is None else archived
    values["consent_version"] = row["consent_version"] + (values["consent_texts"] != row["consent_texts"])
    is_renamed = not values["archived"] and (values["name"].lower() != row["name"].lower() or row["archived"])
    if is_renamed and store.find_named(session, account_id=account_id, name=values["name"]) not in (None, form_id):
        raise _name_taken()
    store.update(session, account_id=account_id, form_id=form_id, values=values)
    changed = sorted([*request, *(["archived"] if archived is not None else [])])
    acts.record(session, CONTACTS_ACT, actor, "form.changed", target_id=form_id, fields=changed)
    return get(session, actor=actor, now=now, form_id=form_id)


def delete(session: Session, *, actor: Actor, now: datetime, form_id: UUID, if_match: list[str] | None = None) -> None:
    """The form and what waits for confirmation go; the evidence of consents stays with the contacts."""
    row = _form(session, account_of(actor), form_id, lock=True)
    ensure_current(if_match, Form, view(row))
    store.delete(session, account_id=account_of(actor), form_id=form_id)
    acts.record(session, CONTACTS_ACT, actor, "form.deleted", target_id=form_id)


def _present_content(session: Session, row: Mapping[Any, Any]) -> View:
    """The form without groups and fields that were deleted since: nobody is refused for what they did not send."""
    account_id = row["account_id"]
    custom = {field["key"]: field for field in field_store.all_of(session, account_id=account_id)}
    existing = group_store.known(session, account_id=account_id, group_ids=row["group_ids"])
    kept = [group_id for group_id in row["group_ids"] if group_id in existing]
    return {**row, "fields_": asked_fields(row, custom), "group_ids": kept}


def _checked(session: Session, account_id: UUID, request: Mapping[str, Any], owner: Owner) -> dict[str, Any]:
    """The whole form as it is to be stored."""
    name = _one_line(request["name"])
    if not name:
        raise Invalid.of_field("name", "form.no_name", "The name is empty.")
    texts = {language: words.strip() for language, words in request["consent_texts"].items()}
    if not all(texts.values()):
        raise Invalid.of_field("consent_texts", "form.no_consent_text", "A text of consent is empty.")
    if request["language"] not in texts:
        raise Invalid.of_field("language", "form.text_missing", "There is no text of consent in the form's language.")
    sender = request["sender"]
    if sender is not None and not owner.may_send:
        raise Invalid.of_field("sender.email", "email.sender_not_authorised", "Verify the sender's domain or address.")
    channels = list(dict.fromkeys(str(channel) for channel in request["channels"]))
    fields = _fields(session, account_id, request["fields_"])
    by_phone = [channel for channel in channels if ADDRESS[channel] == "phone"]
    if by_phone and all(field["key"] != "phone" for field in fields):
        raise Invalid.of_field("channels", "form.phone_missing", f"Consent to {by_phone[0]} needs the field phone.")
    groups.ensure_known(session, account_id=account_id, group_ids=request["group_ids"], field="group_ids")
    return {
        "account_name": owner.terms.name,
        "name": name,
        "title": _one_line(request["title"]),
        "language": request["language"],
        "consent_texts": texts,
        "fields": fields,
        "group_ids": list(dict.fromkeys(request["group_ids"])),
        "channels": channels,
        "sender": None if sender is None else {"email": sender["email"].strip(), "name": _one_line(sender["name"])},
        "submitted_url": request["submitted_url"],
        "confirmed_url": request["confirmed_url"],
        "origins": list(dict.fromkeys(request["origins"])),
    }


def _fields(session: Session, account_id: UUID, requested: Sequence[Mapping[str, Any]]) -> list[View]:
    """The fields in their order; e-mail is always asked, and always has to be answered."""
    known = {*rules.ASKABLE, *(field["key"] for field in field_store.all_of(session, account_id=account_id))}
    fields: dict[str, View] = {}
    for at, field in enumerate(requested):
        key = field["key"]
        if key not in known:
            raise Invalid.of_field(f"fields.{at}.key", "contact_field.not_found", "There is no such contact field.")
        if key in fields:
            raise Invalid.of_field(f"fields.{at}.key", "form.field_repeated", "This field is asked twice.")
        fields[key] = {"key": key, "required": key == "email" or field["required"], "labels": dict(field["labels"])}
    if "email" not in fields:
        fields = {"email": {"key": "email", "required": True, "labels": {}}, **fields}
    return list(fields.values())


def _one_line(raw: str) -> str:
    """Names stand in subjects of mails: no line breaks, no control characters."""
    return "".join(character for character in " ".join(raw.split()) if character.isprintable())


def asked_fields(form: Mapping[Any, Any], custom: Mapping[str, Any]) -> list[View]:
    """The form's fields but those that were deleted since."""
    return [field for field in form["fields"] if field["key"] in rules.ASKABLE or field["key"] in custom]


def list_submissions(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    form_id: UUID,
    limit: int,
    cursor: str | None,
    state: SubmissionState | None = None,
) -> View:
    account_id = account_of(actor)
    _form(session, account_id, form_id)
    rows = submission_store.page(
        session,
        account_id=account_id,
        form_id=form_id,
        state=state.value if state else None,
        now=now,
        after=pages.position(cursor),
        limit=limit + 1,
    )
    custom = field_store.all_of(session, account_id=account_id)
    return pages.page(rows, limit, lambda row: _submission(row, custom, now))


def _submission(row: Mapping[Any, Any], custom: Sequence[Mapping[Any, Any]], now: datetime) -> View:
    """A submission as it is shown: answers by key, whatever slot they lie in."""
    columns = row["given"]
    answers = {name: columns[name] for name in rules.ASKABLE if name in columns}
    slots = columns.get("custom", {})
    answers |= {field["key"]: slots[field["slot"]] for field in custom if field["slot"] in slots}
    state = rules.state_of(confirmed_at=row["confirmed_at"], expires_at=row["expires_at"], now=now)
    return {**row, "fields_": answers, "state": state}


def _form(session: Session, account_id: UUID, form_id: UUID, *, lock: bool = False) -> Mapping[Any, Any]:
    row = store.find(session, account_id=account_id, form_id=form_id, lock=lock)
    if row is None:
        raise views.not_found("form")
    return row


def _name_taken() -> Conflict:
    return Conflict("form.name_taken", "There is a form of this name.")
