"""Templates: content kept for reuse, with its versions; and those that ship with Wici."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns import exceptions, ready_made
from campaigns.models import Template
from campaigns.ready_made import ReadyMade
from campaigns.store import pictures
from campaigns.store import templates as store
from campaigns.usecases import named_lists, views
from campaigns.usecases.content import check, ensure_fits
from campaigns.usecases.ports import Ask, channels_to_read, ensure_may, made_id
from campaigns.usecases.views import Answer
from chassis import acts, pages, words
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.campaigns import templates as contract
from contracts.campaigns.templates import MOST_TEMPLATES, VERSIONS_CHARACTERS, VERSIONS_KEPT, TemplateKind
from contracts.errors import Unavailable
from contracts.etags import ensure_current
from contracts.events import CAMPAIGNS_ACT
from contracts.lists import NEWEST
from contracts.rpc import Actor
from contracts.vocabulary import Channel

FEWEST_VERSIONS = 10
_MJML_INVALID = "template.mjml_invalid"


def create_template(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    ask: Ask,
    name: str,
    folder: str,
    channel: Channel,
    content: dict[str, Any],
    design: dict[str, Any] | None,
) -> Answer:
    """:raises Invalid: its MJML cannot be compiled."""
    ensure_may(actor, channel, "write")
    with database.transaction() as session:
        if store.count(session, account_id=account_of(actor)) >= MOST_TEMPLATES:
            raise exceptions.too_many_templates(MOST_TEMPLATES)
    content, report = _made(ask, channel, content)
    with database.transaction() as session:
        template = store.add(
            session,
            id=made_id(actor, "template"),
            account_id=account_of(actor),
            name=name,
            folder=folder,
            channel=channel.value,
            content=content,
            design=design,
            report=report,
            created_at=now,
            updated_at=now,
        )
        if template.created_at == now:  # not by the same request before
            _keep_version(session, template, actor, now)
            acts.record(
                session, CAMPAIGNS_ACT, actor, "template.created",
                target_id=template.id, name=name, channel=channel.value,
            )  # fmt: skip
        return views.template(template)


def get_template(database: Database, *, actor: Actor, now: datetime, ask: Ask, template_id: UUID) -> Answer:
    if (shipped := ready_made.find(template_id)) is not None:
        content, report = _made(ask, shipped.channel, shipped.content)
        return {**views.ready_made(shipped), "content": content, "report": report, "design": None}
    with database.transaction() as session:
        return views.template(_template(session, actor, template_id, "read"))


def list_templates(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    channel: Channel | None,
    kind: TemplateKind,
    folder: str | None,
    q: str | None,
    language: str | None,
    limit: int,
    cursor: str | None,
    sort: str = NEWEST,
) -> Answer:
    """Without their contents; those that ship with Wici are in their own order."""
    channels = channels_to_read(actor, channel)
    if kind is TemplateKind.READY_MADE:
        shipped = ready_made.fitting(channels, language=language, part=q)
        return _page_of_ready_made(shipped if not folder else [], limit, cursor)
    fitting = store.fitting(account_id=account_of(actor), channels=channels, folder=folder, words=words.patterns(q))
    page = named_lists.page(session, fitting, Template, views.template_summary, limit=limit, cursor=cursor, sort=sort)
    shown = pictures.shown_now(session, template_ids=[one["id"] for one in page["items"]])
    return {**page, "items": [{**one, "has_picture": one["id"] in shown} for one in page["items"]]}


def _page_of_ready_made(fitting: list[ReadyMade], limit: int, cursor: str | None) -> Answer:
    after = pages.position(cursor)
    ids = [one.id for one in fitting]
    begin = ids.index(after) + 1 if after in ids else 0
    told = pages.known(len(fitting)) if cursor is None else pages.unsaid()
    return {**pages.page(fitting[begin : begin + limit + 1], limit, views.ready_made), **told}


def list_template_folders(session: Session, *, actor: Actor, now: datetime) -> Answer:
    found = store.folders(session, account_id=account_of(actor), channels=channels_to_read(actor, None))
    return {"items": [{"folder": folder, "templates": count} for folder, count in found]}


def update_template(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    ask: Ask,
    template_id: UUID,
    version: int | None = None,
    if_match: list[str] | None = None,
    **changes: Any,
) -> Answer:
    """:raises Conflict: it is no longer at `version`. :raises Invalid: its MJML cannot be compiled."""
    with database.transaction() as session:
        channel = Channel(_template(session, actor, template_id, "write").channel)
    if "content" in changes:
        ensure_fits(channel, changes["content"])
        changes["content"], changes["report"] = _made(ask, channel, changes["content"])
    with database.transaction() as session:
        return _change(session, actor, now, template_id, version, changes, if_match)


def delete_template(
    session: Session, *, actor: Actor, now: datetime, template_id: UUID, if_match: list[str] | None = None
) -> None:
    _template(session, actor, template_id, "write")
    template = store.get_for_update(session, account_id=account_of(actor), template_id=template_id)
    ensure_current(if_match, contract.Template, views.template(template))
    store.remove(session, template)
    acts.record(session, CAMPAIGNS_ACT, actor, "template.deleted", target_id=template.id, name=template.name)


def copy_template(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    ask: Ask,
    template_id: UUID,
    name: str | None,
    folder: str | None,
) -> Answer:
    """A template of the account's own, of one that it has or that ships with Wici; in the same folder by default."""
    if (shipped := ready_made.find(template_id)) is not None:
        source: dict[str, Any] = {
            "name": shipped.name, "folder": "", "channel": shipped.channel, "content": shipped.content, "design": None,
        }  # fmt: skip
    else:
        with database.transaction() as session:
            template = _template(session, actor, template_id, "read")
            source = {
                "name": template.name, "folder": template.folder, "channel": Channel(template.channel),
                "content": template.content, "design": template.design,
            }  # fmt: skip
    wanted = {"name": name or source["name"], "folder": source["folder"] if folder is None else folder}
    return create_template(database, actor=actor, now=now, ask=ask, **source | wanted)


def list_template_versions(session: Session, *, actor: Actor, now: datetime, template_id: UUID) -> Answer:
    template = _template(session, actor, template_id, "read")
    found = store.versions(session, account_id=template.account_id, template_id=template.id)
    shown = pictures.versions_shown(session, template_id=template.id)
    return {"items": [views.template_version(row, has_picture=row.version in shown) for row in found]}


def get_template_version(session: Session, *, actor: Actor, now: datetime, template_id: UUID, version: int) -> Answer:
    template = _template(session, actor, template_id, "read")
    found = store.version(session, account_id=template.account_id, template_id=template.id, number=version)
    shown = pictures.versions_shown(session, template_id=template.id)
    return views.template_version(found, has_picture=version in shown)


def restore_template_version(
    database: Database, *, actor: Actor, now: datetime, ask: Ask, template_id: UUID, version: int
) -> Answer:
    """Make an earlier version the present one, which makes a new version of it."""
    with database.transaction() as session:
        template = _template(session, actor, template_id, "write")
        found = store.version(session, account_id=template.account_id, template_id=template.id, number=version)
        earlier = {"name": found.name, "content": found.content, "design": found.design}
        channel = Channel(template.channel)
    earlier["content"], earlier["report"] = _made(ask, channel, earlier["content"])
    with database.transaction() as session:
        return _change(session, actor, now, template_id, None, earlier)


def _change(
    session: Session,
    actor: Actor,
    now: datetime,
    template_id: UUID,
    version: int | None,
    changes: Mapping[str, Any],
    if_match: list[str] | None = None,
) -> Answer:
    template = store.get_for_update(session, account_id=account_of(actor), template_id=template_id)
    ensure_current(if_match, contract.Template, views.template(template))
    if version is not None and version != template.version:
        raise exceptions.template_changed(template.version)
    store.keep_version(  # of before there were versions
        session, template, created_by=None, now=template.updated_at, kept=VERSIONS_KEPT
    )
    is_new = any(name in changes and getattr(template, name) != changes[name] for name in ("name", "content", "design"))
    for name, value in changes.items():
        setattr(template, name, value)
    template.subject = store.subject_of(template.content)
    template.updated_at = now
    if is_new:
        template.version += 1
        _keep_version(session, template, actor, now)
    session.flush()
    told = sorted(set(changes) - {"report"})
    acts.record(session, CAMPAIGNS_ACT, actor, "template.changed", target_id=template.id, fields=told)
    return views.template(template)


def _keep_version(session: Session, template: Template, actor: Actor, now: datetime) -> None:
    user_id = actor.get("user_id")
    size = len(json.dumps([template.content, template.design]))
    kept = max(min(VERSIONS_CHARACTERS // size, VERSIONS_KEPT), FEWEST_VERSIONS)
    store.keep_version(session, template, created_by=UUID(user_id) if user_id else None, now=now, kept=kept)
    if template.channel == Channel.EMAIL and template.content.get("html"):
        pictures.add(session, template=template, now=now)


def _made(ask: Ask, channel: Channel, content: Mapping[str, Any]) -> tuple[dict[str, Any], Answer | None]:
    """The content with the html that is made of its MJML, and what its channel says of it.

    While the channel cannot be asked, a content is kept without a report, unless something is to be made of it.
    :raises Invalid: the MJML cannot be compiled.
    """
    mjml = content.get("mjml")
    try:
        checked = check(ask, channel, content)
    except Unavailable:
        if mjml:
            raise
        return dict(content), None
    refused = next((problem for problem in checked["problems"] if problem["code"] == _MJML_INVALID), None)
    if refused is not None:
        raise exceptions.mjml_refused(refused)
    made = dict(content)
    if mjml:
        made["html"] = checked["content"]["html"]
    return made, {name: checked[name] for name in ("problems", "advice", "figures")}


def _template(session: Session, actor: Actor, template_id: UUID, right: str) -> Template:
    if ready_made.find(template_id) is not None:
        raise exceptions.ready_made()
    template = store.get(session, account_id=account_of(actor), template_id=template_id)
    ensure_may(actor, Channel(template.channel), right)
    return template
