"""The templates that ship with Wici: e-mails in MJML, each in Polish and in English.

A file of MJML is the layout; its texts, name and subject stand in the TOML of the same name, by language. `[[word]]` in
a layout is one of those texts, `[[_head]]` the file `_head.mjml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any
from uuid import UUID, uuid5

from contracts.vocabulary import Channel

LANGUAGES = ("pl", "en")
SLUGS = (
    "newsletter", "product_of_the_week", "order_state", "abandoned_basket", "welcome", "birthday", "event_invitation",
    "survey", "re_engagement", "price_drop", "one_time_code", "plain_letter",
)  # fmt: skip
_IDS = UUID("6f1c2a52-8f0e-5d0b-9d5e-0c5a3d1f7e44")  # an id is a function of slug and language
_PLACE = re.compile(r"\[\[(\w+)\]\]")


@dataclass(frozen=True)
class ReadyMade:
    """:ivar content: subject, preheader and mjml."""

    id: UUID
    slug: str
    language: str
    name: str
    content: dict[str, Any]
    channel: Channel = Channel.EMAIL


def find(template_id: UUID) -> ReadyMade | None:
    return _by_id().get(template_id)


def fitting(channels: Collection[Channel], *, language: str | None, part: str | None) -> list[ReadyMade]:
    """:param part: of the name or the subject, in any case of letters."""
    wanted = (part or "").lower()
    return [
        one
        for one in _by_id().values()
        if one.channel in channels
        and language in (None, one.language)
        and wanted in f"{one.name}\n{one.content['subject']}".lower()
    ]


@cache
def _by_id() -> dict[UUID, ReadyMade]:
    made = [_read(slug, language) for slug in SLUGS for language in LANGUAGES]
    return {one.id: one for one in made}


def _read(slug: str, language: str) -> ReadyMade:
    texts = tomllib.loads(_file(f"{slug}.toml"))[language]
    content = {
        "subject": texts["subject"],
        "preheader": texts["preheader"],
        "mjml": _filled(_file(f"{slug}.mjml"), {**texts, **tomllib.loads(_file("_shared.toml"))[language]}),
    }
    return ReadyMade(uuid5(_IDS, f"{slug}.{language}"), slug, language, texts["name"], content)


def _filled(layout: str, texts: dict[str, str]) -> str:
    def text(place: re.Match[str]) -> str:
        name = place[1]
        return _filled(_file(f"{name}.mjml"), texts) if name.startswith("_") else texts[name]

    return _PLACE.sub(text, layout)


def _file(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
