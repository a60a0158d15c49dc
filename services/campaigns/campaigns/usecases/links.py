"""Named links: made, changed, listed; the gateway is told of each and follows it, and tells of clicks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from campaigns import exceptions
from campaigns.models import NamedLink, NamedLinkClick
from campaigns.store import links as store
from campaigns.usecases import named_lists
from campaigns.usecases.expiry import ensure_to_come
from campaigns.usecases.ports import FileTools, ensure_may_on_some, made_id
from campaigns.usecases.views import Answer
from chassis import acts, outbox, pages, short_link_hosts, words
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.campaigns.links import Link
from contracts.etags import ensure_current
from contracts.events import CAMPAIGNS_ACT, NAMED_LINK_CHANGED
from contracts.lists import NEWEST
from contracts.rpc import Actor

MOST_LINKS = 1_000
CLICKS_KEPT = timedelta(days=400)


def create_link(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: FileTools,
    suffix: str,
    target: str,
    name: str | None,
    expires_at: datetime | None,
) -> Answer:
    """:raises Conflict: the suffix is taken, or the account has as many as it may. :raises Invalid: it leads to us."""
    ensure_may_on_some(actor, "write")
    account_id = account_of(actor)
    tools = _of_account(session, account_id, tools)
    _ensure_target(session, target, tools)
    ensure_to_come(expires_at, now)
    store.lock(session, account_id=account_id)
    if store.count(session, account_id=account_id) >= MOST_LINKS:
        raise exceptions.too_many_links(MOST_LINKS)
    row = store.add(
        session,
        id=made_id(actor, "link"),
        account_id=account_id,
        suffix=suffix,
        target=target,
        name=name,
        expires_at=expires_at,
        created_at=now,
        updated_at=now,
    )
    if row.created_at == now:  # not by the same request before
        acts.record(session, CAMPAIGNS_ACT, actor, "link.created", target_id=row.id, suffix=suffix, target=target)
        _tell(session, row)
    return _view(row, tools)


def get_link(session: Session, *, actor: Actor, now: datetime, tools: FileTools, link_id: UUID) -> Answer:
    ensure_may_on_some(actor, "read")
    account_id = account_of(actor)
    tools = _of_account(session, account_id, tools)
    return _view(store.get(session, account_id=account_id, link_id=link_id), tools)


def list_links(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: FileTools,
    limit: int,
    cursor: str | None,
    q: str | None = None,
    sort: str = NEWEST,
) -> Answer:
    ensure_may_on_some(actor, "read")
    account_id = account_of(actor)
    fitting = store.fitting(account_id=account_id, words=words.patterns(q))
    view = partial(_view, tools=_of_account(session, account_id, tools))
    return named_lists.page(session, fitting, NamedLink, view, limit=limit, cursor=cursor, sort=sort)


def list_link_clicks(
    session: Session, *, actor: Actor, now: datetime, link_id: UUID, limit: int, cursor: str | None
) -> Answer:
    """When it was followed, the newest first."""
    ensure_may_on_some(actor, "read")
    store.get(session, account_id=account_of(actor), link_id=link_id)
    before = pages.position_in_time(cursor)
    rows = store.clicks(session, link_id=link_id, before=before, limit=limit + 1)
    return pages.page_in_time(rows, limit, _click)


def update_link(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: FileTools,
    link_id: UUID,
    if_match: list[str] | None = None,
    **changes: Any,
) -> Answer:
    """:raises Invalid: it leads to us, or its end has passed."""
    ensure_may_on_some(actor, "write")
    account_id = account_of(actor)
    tools = _of_account(session, account_id, tools)
    _ensure_target(session, changes.get("target"), tools)
    ensure_to_come(changes.get("expires_at"), now)
    store.lock(session, account_id=account_id)
    row = store.get(session, account_id=account_id, link_id=link_id, is_locked=True)
    ensure_current(if_match, Link, _view(row, tools))
    for column, value in changes.items():
        setattr(row, column, value)
    row.updated_at = now
    session.flush()
    acts.record(session, CAMPAIGNS_ACT, actor, "link.changed", target_id=row.id, fields=sorted(changes))
    _tell(session, row)
    return _view(row, tools)


def delete_link(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: FileTools,
    link_id: UUID,
    if_match: list[str] | None = None,
) -> None:
    """And its clicks; the suffix is free for others."""
    ensure_may_on_some(actor, "write")
    account_id = account_of(actor)
    store.lock(session, account_id=account_id)
    row = store.get(session, account_id=account_id, link_id=link_id, is_locked=True)
    ensure_current(if_match, Link, _view(row, _of_account(session, account_id, tools)))
    session.delete(row)
    session.flush()
    acts.record(session, CAMPAIGNS_ACT, actor, "link.deleted", target_id=link_id, suffix=row.suffix)
    _tell(session, row, is_there=False)


def keep_host(session: Session, *, event: Mapping[str, Any]) -> None:
    short_link_hosts.note(session, **event)


def keep_clicks(session: Session, *, event: Mapping[str, Any]) -> None:
    """Harmless twice: each click has an id."""
    clicks = [{**click, "at": click["at"].isoformat()} for click in event["clicks"]]
    store.keep_clicks(session, account_id=event["account_id"], clicks=clicks)


def forget_old_clicks(database: Database, now: datetime) -> int:
    """The counts stay."""
    with database.transaction() as session:
        return store.forget_clicks(session, now - CLICKS_KEPT)


def _tell(session: Session, row: NamedLink, *, is_there: bool = True) -> None:
    """Under the account's lock, so that a later telling has the greater version."""
    outbox.record(
        session,
        NAMED_LINK_CHANGED,
        account_id=row.account_id,
        version=outbox.next_number(session),
        link_id=row.id,
        suffix=row.suffix,
        target=row.target if is_there else None,
        expires_at=row.expires_at,
    )


def _of_account(session: Session, account_id: UUID, tools: FileTools) -> FileTools:
    """With the account's own host, where it has one: its links start with it."""
    url = short_link_hosts.url_of(session, account_id)
    return tools if url is None else replace(tools, public_url=url)


def _ensure_target(session: Session, target: str | None, tools: FileTools) -> None:
    """:raises Invalid: it leads to this platform, by whosever host: links that lead to one another never end."""
    if target is None:
        return
    host = (urlsplit(target).hostname or "").rstrip(".")
    if host in tools.own_hosts or short_link_hosts.is_one(session, host):
        raise exceptions.link_to_us()


def _view(row: NamedLink, tools: FileTools) -> Answer:
    names = ("id", "suffix", "target", "name", "clicks", "expires_at", "created_at", "updated_at")
    return {"url": f"{tools.public_url}/l/{row.suffix}", **{name: getattr(row, name) for name in names}}


def _click(row: NamedLinkClick) -> Answer:
    return {"id": row.id, "created_at": row.created_at, "at": row.created_at, "is_machine": row.is_machine}
