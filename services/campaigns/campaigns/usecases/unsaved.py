"""Contents that are kept nowhere yet: previewed as several recipients would get them, and checked."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns import domain
from campaigns.link_checks import addresses_in
from campaigns.usecases.content import check, fields_of
from campaigns.usecases.ports import Ask, CheckLinks, ensure_may, ensure_may_see_contacts
from campaigns.usecases.views import Answer
from chassis.actors import account_of
from chassis.database import Database
from contracts.rpc import Actor
from contracts.vocabulary import Channel


def preview_content(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    ask: Ask,
    channel: Channel,
    content: dict[str, Any],
    contact_ids: list[UUID],
    samples: list[dict[str, Any]],
) -> Answer:
    """:raises NotFound: there is no such contact."""
    ensure_may(actor, channel, "read")
    if contact_ids:
        ensure_may_see_contacts(actor)
    people = [fields_of(ask("contacts.get_contact", {"contact_id": str(one)})) for one in contact_ids]
    people += [sample["fields_"] for sample in samples]
    checked = check(ask, channel, content, people)
    ids = [*contact_ids, *(None for _ in samples)]
    return {
        "channel": channel,
        "variables": checked["variables"],
        "problems": checked["problems"],
        "previews": [
            _preview(contact_id, rendered)
            for contact_id, rendered in zip(ids, checked["rendered"] or [{}] * len(ids), strict=True)
        ],
    }


def _preview(contact_id: UUID | None, rendered: Answer) -> Answer:
    problem = rendered.get("problem")
    shows = bool(rendered) and problem is None
    return {"contact_id": contact_id, "rendered": rendered if shows else None, "problem": problem}


def check_content(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    ask: Ask,
    channel: Channel,
    content: dict[str, Any],
    check_links: bool = False,
    look: CheckLinks | None = None,
) -> Answer:
    """:param look: at links; None: nobody does here."""
    ensure_may(actor, channel, "read")
    checked = check(ask, channel, content)
    wanted = domain.contact_fields(channel, checked["variables"])
    found = ask("contacts.check_fields", {"names": wanted[: domain.MOST_ASKED]})
    known = sorted({*found.get("known", []), *domain.own_variables(channel)})
    return {
        **{name: checked[name] for name in ("content", "variables", "problems", "advice", "figures")},
        "channel": channel,
        "known_variables": known,
        "unknown": [{"name": name, "nearest": domain.nearest(name, known)} for name in found["unknown"][:20]],
        "links": _looked_at(look, actor, checked, content) if check_links and look is not None else None,
    }


def _looked_at(look: CheckLinks, actor: Actor, checked: Answer, content: dict[str, Any]) -> list[Answer]:
    """Links that lead to the same place for everybody: those that the channel found, else those of all texts."""
    found = checked["figures"].get("links")
    if found is None:
        targets = addresses_in(content)
    else:
        targets = [one["target"] for one in found if one["form"] == "web" and "{" not in one["target"]]
    return [asdict(one) for one in look(targets, owner=account_of(actor))]
