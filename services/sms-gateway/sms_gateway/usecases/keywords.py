"""Keywords (D5), and what an account answers to a STOP."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from channel.stop_words import wish_of
from channel.words import words_of
from chassis import acts, pages
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contracts.errors import Conflict, Invalid
from contracts.etags import ensure_current
from contracts.events import SMS_GATEWAY_ACT
from contracts.rpc import Actor
from contracts.sms_gateway import keywords as contract
from sms_gateway import exceptions
from sms_gateway.domain.numbers import bare
from sms_gateway.models import SmsKeyword
from sms_gateway.store import keywords as store
from sms_gateway.store import senders
from sms_gateway.usecases import views

MOST = 200  # of one account
NO_CONFIRMATION: views.View = {"enabled": False, "text": ""}


def list_sms_keywords(session: Session, *, actor: Actor, now: datetime, cursor: str | None, limit: int) -> pages.Page:
    rows = store.keywords(session, account_of(actor), after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.sms_keyword)


def create_sms_keyword(session: Session, *, actor: Actor, now: datetime, **settings: Any) -> views.View:
    """:raises Invalid: what cannot be a keyword, or does nothing. :raises Conflict: there is one, or are `MOST`."""
    account_id = account_of(actor)
    if store.lock(session, account_id) >= MOST:
        raise Conflict("sms_keyword.too_many", f"An account has at most {MOST} keywords.")
    made = SmsKeyword(id=new_id(), account_id=account_id, **_columns(session, account_id, settings))
    _ensure_sound(session, made)
    store.add(session, made)
    _record(session, actor, "sms_keyword.created", target_id=made.id, name=made.keyword)
    return views.sms_keyword(made)


def get_sms_keyword(session: Session, *, actor: Actor, now: datetime, keyword_id: UUID) -> views.View:
    return views.sms_keyword(_found(session, actor, keyword_id))


def update_sms_keyword(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    keyword_id: UUID,
    if_match: list[str] | None = None,
    **settings: Any,
) -> views.View:
    """Change what is named; raises as `create_sms_keyword`."""
    store.lock(session, account_of(actor))
    keyword = _found(session, actor, keyword_id)
    ensure_current(if_match, contract.SmsKeyword, views.sms_keyword(keyword))
    with session.no_autoflush:
        for name, value in _columns(session, keyword.account_id, settings).items():
            setattr(keyword, name, value)
        _ensure_sound(session, keyword)
    keyword.updated_at = now
    session.flush()
    _record(session, actor, "sms_keyword.changed", target_id=keyword.id, name=keyword.keyword, fields=sorted(settings))
    return views.sms_keyword(keyword)


def delete_sms_keyword(
    session: Session, *, actor: Actor, now: datetime, keyword_id: UUID, if_match: list[str] | None = None
) -> None:
    store.lock(session, account_of(actor))
    keyword = _found(session, actor, keyword_id)
    ensure_current(if_match, contract.SmsKeyword, views.sms_keyword(keyword))
    store.remove(session, keyword.id)
    _record(session, actor, "sms_keyword.deleted", target_id=keyword.id, name=keyword.keyword)


def get_stop_confirmation(session: Session, *, actor: Actor, now: datetime) -> views.View:
    found = store.stop_confirmation(session, account_of(actor))
    return {"enabled": found.enabled, "text": found.text} if found else NO_CONFIRMATION


def set_stop_confirmation(
    session: Session, *, actor: Actor, now: datetime, enabled: bool, text: str, if_match: list[str] | None = None
) -> views.View:
    """:raises Invalid: it is to be sent, and says nothing."""
    if enabled and not text.strip():
        raise Invalid.of_field("text", "text.empty", "The text is empty.")
    account_id = account_of(actor)
    store.lock(session, account_id)
    ensure_current(if_match, contract.StopConfirmation, get_stop_confirmation(session, actor=actor, now=now))
    store.set_stop_confirmation(session, account_id, said=text, enabled=enabled, now=now)
    _record(session, actor, "stop_confirmation.changed", target_id=account_id, enabled=enabled)
    return {"enabled": enabled, "text": text}


def _columns(session: Session, account_id: UUID, settings: dict[str, Any]) -> dict[str, Any]:
    columns = dict(settings)
    if "keyword" in settings:
        columns["phrase"] = " ".join(_phrase(settings["keyword"]))
    if "number" in settings:
        columns["number"] = _number(session, account_id, settings["number"])
    return columns


def _phrase(keyword: str) -> tuple[str, ...]:
    words = words_of(keyword)
    if not words:
        raise Invalid.of_field("keyword", "keyword.invalid", "A keyword has letters or digits.")
    if wish_of(keyword) is not None:
        detail = "STOP, START and words like them archive and restore people; they are no keywords."
        raise Invalid.of_field("keyword", "keyword.reserved", detail)
    return words


def _number(session: Session, account_id: UUID, number: str | None) -> str:
    if number is None:
        return ""
    plain = bare(number)
    if plain not in senders.of_numbers(session, account_id, {plain}):
        raise Invalid.of_field("number", "sender.not_active", "No active sender ID of the account's is this number.")
    return plain


def _ensure_sound(session: Session, keyword: SmsKeyword) -> None:
    if keyword.answer and not keyword.answer.strip():
        raise Invalid.of_field("answer", "text.empty", "The text is empty.")
    if not keyword.answer and keyword.group_id is None:
        raise Invalid.of_field("answer", "keyword.without_effect", "A keyword needs an answer or a group.")
    if store.is_taken(session, keyword):
        raise Conflict("sms_keyword.taken", "The account has this keyword for this number already.")


def _found(session: Session, actor: Actor, keyword_id: UUID) -> SmsKeyword:
    found = store.keyword(session, account_of(actor), keyword_id)
    if found is None:
        raise exceptions.not_found("sms_keyword")
    return found


def _record(session: Session, actor: Actor, act: str, **details: Any) -> None:
    acts.record(session, SMS_GATEWAY_ACT, actor, act, **details)
