"""Ids in paths: what is none names nothing, and its service says so with the code of its noun, as of any unknown id."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from werkzeug.routing import BaseConverter, Map, UUIDConverter

# Of a form that nothing here makes ids of (RFC 9562, version 8), so that nothing ever has it.
NOBODYS: Final = UUID("00000000-0000-8000-8000-000000000000")
_ID = re.compile(UUIDConverter.regex)
_WORD = re.compile(r"(?<=/)[^/<>]+(?=/|\Z)")
# Of accounts operators set things before a service has heard of them: no word may pass for one.
_LENIENT = re.compile(r"<uuid:(?!account_id>)")


class LenientId(BaseConverter):
    """Any segment but a word of another path, `/v1/groups/combine` for one, which may take other methods.

    Said by the pattern, which decides of the methods that a path allows, too.
    """

    part_isolating = True

    def to_python(self, value: str) -> UUID:
        return UUID(value) if _ID.fullmatch(value) else NOBODYS


def install(url_map: Map, paths: Iterable[str]) -> None:
    """Let `lenient` paths be matched beside these."""
    words = {word for path in paths for word in _WORD.findall(path)}
    regex = rf"(?!(?:{'|'.join(map(re.escape, sorted(words)))})\Z)[^/]+"
    url_map.converters["id"] = type("LenientId", (LenientId,), {"regex": regex, "part_isolating": True})


def lenient(path: str) -> str:
    """The path of a route as it is matched."""
    return _LENIENT.sub("<id:", path)
