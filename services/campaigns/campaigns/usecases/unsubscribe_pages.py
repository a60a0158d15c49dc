"""Unsubscribe pages: made once, attached to every send. The gateway is told of an account's default and shows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns import exceptions
from campaigns.domain.colours import LEAST_CONTRAST, contrast
from campaigns.models import UnsubscribePage
from campaigns.store import unsubscribe_pages as store
from campaigns.usecases.ports import ensure_may, made_id
from campaigns.usecases.views import Answer, unsubscribe_page
from chassis import acts, inbox, outbox, pages
from chassis.actors import account_of
from chassis.database import Session
from contracts.campaigns import unsubscribe_pages as contract
from contracts.etags import ensure_current
from contracts.events import CAMPAIGN_PAGE_SET, CAMPAIGNS_ACT, UNSUBSCRIBE_PAGE_CHANGED, UNSUBSCRIBE_PAGE_WRITTEN
from contracts.rpc import Actor
from contracts.vocabulary import Channel

MOST_PAGES = 50
_READABLE = {"text": "background", "button_text": "button"}


def create(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    name: str,
    brand: dict[str, Any],
    texts: dict[str, Any],
    is_default: bool,
) -> Answer:
    """:raises Invalid: nobody could read it. :raises Conflict: the account has as many as it may."""
    account_id = _writer(actor)
    _ensure_readable(brand)
    store.lock(session, account_id=account_id)
    made = store.count(session, account_id=account_id)
    if made >= MOST_PAGES:
        raise exceptions.too_many_unsubscribe_pages(MOST_PAGES)
    page = store.add(
        session,
        id=made_id(actor, "unsubscribe_page"),
        account_id=account_id,
        name=name,
        brand=brand,
        texts=texts,
        is_default=False,
        created_at=now,
        updated_at=now,
    )
    if page.created_at == now:  # not by the same request before
        acts.record(session, CAMPAIGNS_ACT, actor, "unsubscribe_page.created", target_id=page.id, name=name)
        tell_page(session, page)
        if is_default or not made:
            _make_default(session, page)
    return _shown(session, page)


def get(session: Session, *, actor: Actor, now: datetime, page_id: UUID) -> Answer:
    ensure_may(actor, Channel.EMAIL, "read")
    return _shown(session, store.get(session, account_id=account_of(actor), page_id=page_id))


def list_pages(session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None) -> Answer:
    ensure_may(actor, Channel.EMAIL, "read")
    before = pages.position_in_time(cursor)
    rows = store.page(session, account_id=account_of(actor), before=before, limit=limit + 1)
    given = store.reasons(session, [row.id for row in rows])
    return pages.page_in_time(rows, limit, lambda row: unsubscribe_page(row, given.get(row.id, {})))


def update(
    session: Session, *, actor: Actor, now: datetime, page_id: UUID, if_match: list[str] | None = None, **changes: Any
) -> Answer:
    """:raises Invalid: nobody could read it."""
    account_id = _writer(actor)
    _ensure_readable(changes.get("brand") or {})
    store.lock(session, account_id=account_id)
    page = store.get(session, account_id=account_id, page_id=page_id)
    ensure_current(if_match, contract.UnsubscribePage, _shown(session, page))
    becomes_default = changes.pop("is_default", False)
    for name, value in changes.items():
        setattr(page, name, value)
    page.updated_at = now
    session.flush()
    tell_page(session, page)
    fields = sorted([*changes, *(["is_default"] if becomes_default else [])])
    acts.record(session, CAMPAIGNS_ACT, actor, "unsubscribe_page.changed", target_id=page.id, fields=fields)
    if becomes_default or page.is_default:
        _make_default(session, page)
    return _shown(session, page)


def delete(session: Session, *, actor: Actor, now: datetime, page_id: UUID, if_match: list[str] | None = None) -> None:
    """Without a default the account has Wici's own page."""
    account_id = _writer(actor)
    store.lock(session, account_id=account_id)
    page = store.get(session, account_id=account_id, page_id=page_id)
    ensure_current(if_match, contract.UnsubscribePage, _shown(session, page))
    was_default = page.is_default
    store.remove(session, page)
    acts.record(session, CAMPAIGNS_ACT, actor, "unsubscribe_page.deleted", target_id=page_id, name=page.name)
    _tell_written(session, account_id, page_id, None)
    if was_default:
        _tell(session, account_id, None)


def keep_reason(session: Session, *, event: Mapping[str, Any]) -> None:
    """Harmless twice: the inbox knows the event, and a message has one reason."""
    if not inbox.first_time(session, "keep_unsubscribe_reason", event["event_id"]):
        return
    if not store.is_there(session, account_id=event["account_id"], page_id=event["page_id"]):
        return  # deleted since, with its account perhaps
    names = ("message_id", "account_id", "page_id", "campaign_id", "reason")
    store.keep_reason(session, given_at=event["occurred_at"], **{name: event[name] for name in names})


def count_list_leaver(session: Session, *, event: Mapping[str, Any]) -> None:
    """Harmless twice: the inbox knows the event, and a message counts once."""
    if event["campaign_id"] is None or not inbox.first_time(session, "count_list_leaver", event["event_id"]):
        return
    names = ("message_id", "account_id", "campaign_id")
    store.count_list_leaver(session, left_at=event["occurred_at"], **{name: event[name] for name in names})


def tell_campaign_page(
    session: Session, *, account_id: UUID, campaign_id: UUID, options: Mapping[str, Any], group_ids: list[UUID]
) -> None:
    """What the unsubscribe links of an e-mail campaign that starts will show: a page of its own, and its lists first.

    The page is told again: it may be older than what the gateway was told of pages.
    """
    page = None
    if page_id := options.get("unsubscribe_page_id"):
        store.lock(session, account_id=account_id)
        page = store.find(session, account_id=account_id, page_id=UUID(str(page_id)))
    if page is not None:
        tell_page(session, page)
    if page is not None or group_ids:
        outbox.record(
            session,
            CAMPAIGN_PAGE_SET,
            account_id=account_id,
            campaign_id=campaign_id,
            page_id=page.id if page else None,
            group_ids=group_ids,
        )


def tell_page(session: Session, page: UnsubscribePage) -> None:
    """Under the account's lock, as `_tell`."""
    _tell_written(session, page.account_id, page.id, page)


def _tell_written(session: Session, account_id: UUID, page_id: UUID, page: UnsubscribePage | None) -> None:
    outbox.record(
        session,
        UNSUBSCRIBE_PAGE_WRITTEN,
        account_id=account_id,
        version=outbox.next_number(session),
        page_id=page_id,
        brand=page.brand if page else None,
        texts=page.texts if page else None,
    )


def _make_default(session: Session, page: UnsubscribePage) -> None:
    if not page.is_default:
        store.no_default(session, account_id=page.account_id)
        page.is_default = True
        session.flush()
    _tell(session, page.account_id, page)


def _tell(session: Session, account_id: UUID, page: UnsubscribePage | None) -> None:
    """Under the account's lock, so that a later telling has the greater version."""
    outbox.record(
        session,
        UNSUBSCRIBE_PAGE_CHANGED,
        account_id=account_id,
        version=outbox.next_number(session),
        page_id=page.id if page else None,
        brand=page.brand if page else None,
        texts=page.texts if page else None,
    )


def _ensure_readable(brand: Mapping[str, str]) -> None:
    wrong = {name: contrast(brand[name], brand[on]) for name, on in _READABLE.items() if brand}
    if too_little := {name: found for name, found in wrong.items() if found < LEAST_CONTRAST}:
        raise exceptions.too_little_contrast(too_little, LEAST_CONTRAST)


def _writer(actor: Actor) -> UUID:
    ensure_may(actor, Channel.EMAIL, "write")
    return account_of(actor)


def _shown(session: Session, page: UnsubscribePage) -> Answer:
    return unsubscribe_page(page, store.reasons(session, [page.id]).get(page.id, {}))
