"""Whether the parts of a content go together: what no schema of single fields says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.ott_gateway.contents import MediaKind
from contracts.vocabulary import ContentFailure
from ott_gateway.domain.fits import Misfit

KINDS = ("template", "text", "media")


def problems_of(content: Mapping[str, Any]) -> Iterator[Misfit]:
    """What is wrong with it as a whole; nothing: WhatsApp knows such messages."""
    given = [kind for kind in KINDS if content.get(kind)]
    if not given:
        yield Misfit("text", ContentFailure.TEXT_EMPTY, "There is neither a template, a text nor a medium.")
    if len(given) > 1:
        yield Misfit(given[1], "whatsapp.one_kind", f"A message is one of {', '.join(KINDS)}; there are {len(given)}.")
    for part in ("buttons", "header", "footer", "preview_url"):
        if content.get(part) and given != ["text"]:
            yield Misfit(part, "whatsapp.needs_text", "It goes with a text alone.")
    for part in ("header", "footer"):
        if content.get(part) and not content.get("buttons"):
            yield Misfit(part, "whatsapp.needs_buttons", "It goes with buttons alone.")
    yield from _of_buttons(content.get("buttons") or [])
    if media := content.get("media"):
        yield from _of_media(media)


def _of_buttons(buttons: list[Mapping[str, Any]]) -> Iterator[Misfit]:
    for name in ("id", "title"):
        if len({button[name] for button in buttons}) < len(buttons):
            yield Misfit("buttons", "whatsapp.buttons_alike", f"Two buttons have one {name}.")


def _of_media(media: Mapping[str, Any]) -> Iterator[Misfit]:
    kind = MediaKind(media["kind"])
    if media.get("caption") and kind is MediaKind.AUDIO:
        yield Misfit("media.caption", "whatsapp.no_caption", "Audio has no caption.")
    if media.get("filename") and kind is not MediaKind.DOCUMENT:
        yield Misfit("media.filename", "whatsapp.no_filename", "Only a document has a name.")
