"""Which link of a message was clicked: the place in its content, the same for all recipients and without their values.

A link's token says the place and how much of the target is the same for everybody. Tokens of older releases say the
target alone; then its address stands for the place, without what may be somebody's: query, fragment, and those parts of
the path that look like a code.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

HIDDEN = "…"
MOST_NUMBERED = 1_000  # a content has no more links
LONGEST_WORD = 40
_CODE = re.compile(r"[0-9@%=:;]")


class Place(NamedTuple):
    """:param number: of the link in the content, from 0; None: its token did not say."""

    link_id: str
    url: str
    number: int | None


@lru_cache(maxsize=4096)
def place_of(url: str, campaign_id: str | None, number: int | None, shown: str | None) -> Place:
    """The place that a click's event speaks of.

    :param shown: the target as far as it is the same for everybody.
    """
    if number is None or shown is None:
        public = public_form(url)
        return Place(_id_of(public), public, None)
    return Place(_id_of(f"{campaign_id} {number} {shown}"), shown, number)


def public_form(url: str) -> str:
    """An address without what may be a recipient's own. What has been through it stays as it is."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return HIDDEN
    if not host:
        return HIDDEN
    path = "/".join(map(_public_word, parts.path.split("/")))
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{path or '/'}"


def _public_word(word: str) -> str:
    return HIDDEN if _CODE.search(word) or len(word) > LONGEST_WORD else word


def _id_of(place: str) -> str:
    """A UUID: a hash, so that every ingester gives the same."""
    return str(UUID(bytes=blake2b(place.encode(), digest_size=16).digest()))
