"""Pictures of templates' versions, made beside everything else; who asks gets what is there."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from campaigns import exceptions
from campaigns.store import pictures as store
from campaigns.store import templates as template_store
from campaigns.usecases.content import check
from campaigns.usecases.ports import Ask, Call, ask_as, ensure_may
from campaigns.usecases.views import Answer
from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.logs import get_logger
from contracts.errors import TooManyRequests, Unavailable, WiciError
from contracts.rpc import Actor
from contracts.vocabulary import Channel

AWAY = timedelta(minutes=1)

# Whom the picture is made for.
_SAMPLE = {
    "first_name": "Anna", "last_name": "Kowalska", "company": "Przykład", "city": "Kraków", "birth_date": "1990-05-17",
    "email": "anna@example.com", "phone": "+48600100200", "external_id": "1001",
}  # fmt: skip

PictureOf = Callable[[str], bytes]


class NoBrowser(Exception):
    """It makes a picture of nothing."""


log = get_logger()


def get_template_picture(session: Session, *, actor: Actor, now: datetime, template_id: UUID, version: int) -> Answer:
    """:raises NotFound: there is no such version, or no picture of it."""
    account_id = account_of(actor)
    template = template_store.get(session, account_id=account_id, template_id=template_id)
    ensure_may(actor, Channel(template.channel), "read")
    template_store.version(session, account_id=account_id, template_id=template_id, number=version)
    png = store.png_of(session, account_id=account_id, template_id=template_id, version=version)
    if png is None:
        raise exceptions.no_picture(version)
    return {"filename": f"template-{version}.png", "content": b64encode(png).decode()}


def make_next(
    database: Database, call: Call, picture_of: PictureOf, *, now: datetime, after: UUID | None
) -> UUID | None:
    """Make one picture that is due, of the account that comes after `after`.

    :param picture_of: a page as PNG; it may raise what it likes, and is asked again later, three times at most.
    :returns: whose it was; None: nothing is due.
    :raises NoBrowser: `picture_of` did; the picture stays due.
    """
    with database.transaction() as session:
        claimed = store.claim(session, after=after, now=now)
    if claimed is None:
        return None
    ask = ask_as(call, {"account_id": str(claimed.account_id), "service": "campaigns"})
    about = {"template_id": claimed.template_id, "version": claimed.version}
    try:
        html = _page(ask, claimed.content)
        png = picture_of(html) if html else None
    except (Unavailable, TooManyRequests, NoBrowser) as error:
        with database.transaction() as session:
            store.put_back(session, claimed, due_at=now + AWAY)
        if isinstance(error, NoBrowser):
            raise
        log.info("picture_waits", code=error.code, **about)
        return claimed.account_id
    except Exception as error:
        log.warning("no_picture_made", error=error, **about)
        return claimed.account_id
    with database.transaction() as session:
        store.keep(session, claimed, png)
    return claimed.account_id


def _page(ask: Ask, content: Mapping[str, Any]) -> str | None:
    """The html as somebody would get it: with made-up fields, else with none; None where it fails for both."""
    try:
        variables = check(ask, Channel.EMAIL, content)["variables"]
        named = {name: _SAMPLE.get(name, name) for name in variables}
        shown = check(ask, Channel.EMAIL, content, [named, _SAMPLE, {}])["rendered"]
    except (Unavailable, TooManyRequests):
        raise
    except WiciError:
        return None
    return next((one["html"] for one in shown or () if one.get("html")), None)
