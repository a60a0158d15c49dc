"""A content as compiled templates, and its rendering for one recipient: every limit of WhatsApp's is kept here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from channel.field_templates import FieldTemplates, RenderFailed, present
from contracts.ott_gateway import contents
from contracts.vocabulary import ContentFailure

# A text is a screen or two; twenty thousand instructions are plenty, and stop a loop within a millisecond.
FUEL = 20_000
# A value of a template holds no line breaks and no row of blanks (error 132018 and the reference of templates).
_NOT_IN_VALUES = re.compile(r"[\n\r\t]| {5,}")


@dataclass(frozen=True, slots=True)
class Place:
    """A text of the content that is a template: where it stands, and how many characters it may have."""

    field: str
    most: int
    is_value: bool = False  # stands in a template of WhatsApp's


Rendered = Mapping[str, str]
"""By field: `text`, `template.body.0`."""


def places_of(content: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Every text of it, with what is written there."""
    most = contents.BUTTONS_TEXT_MAX if content.get("buttons") else contents.TEXT_MAX
    for field, longest in (("text", most), ("header", contents.HEADER_MAX), ("footer", contents.FOOTER_MAX)):
        if content.get(field):
            yield Place(field, longest), content[field]
    if (content.get("media") or {}).get("caption"):
        yield Place("media.caption", contents.CAPTION_MAX), content["media"]["caption"]
    template = content.get("template") or {}
    if template.get("header"):
        yield Place("template.header", contents.HEADER_MAX, is_value=True), template["header"]
    for place, text in enumerate(template.get("body") or ()):
        yield Place(f"template.body.{place}", contents.PARAMETER_MAX, is_value=True), text
    for place, button in enumerate(template.get("buttons") or ()):
        if button.get("url"):
            yield Place(f"template.buttons.{place}.url", contents.URL_MAX, is_value=True), button["url"]


class Template:
    """One content, compiled once and rendered for every recipient; with `literal` its texts are no templates.

    :ivar variables: of all texts.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        """:raises RenderFailed: a template does not compile."""
        self.content = content
        self.uses_template = bool(content.get("template"))
        self._places = [place for place, _ in places_of(content)]
        texts = [(place.field, text) for place, text in places_of(content)]
        self._templates = FieldTemplates(texts, fuel=FUEL, literal=bool(content.get("literal")))
        self.variables = self._templates.variables

    def render(self, fields: Mapping[str, Any]) -> Rendered:
        """What a recipient gets; an empty field counts as missing.

        :raises RenderFailed: a template fails, a text is too long or empty, or is none that a value may be.
        """
        there = present(fields)
        return {place.field: self._text(place, there) for place in self._places}

    def _text(self, place: Place, there: Mapping[str, Any]) -> str:
        field, rendered = place.field, self._templates.render(place.field, there)
        if not rendered.strip():
            raise RenderFailed(field, ContentFailure.TEXT_EMPTY, "The text is empty for this recipient.")
        if len(rendered) > place.most:
            detail = f"It has {len(rendered)} characters; WhatsApp takes at most {place.most}."
            raise RenderFailed(field, ContentFailure.TEXT_TOO_LONG, detail)
        if place.is_value and _NOT_IN_VALUES.search(rendered):
            detail = "A value of a template holds no line breaks, tabs or more than four spaces in a row."
            raise RenderFailed(field, ContentFailure.FAILED, detail)
        return rendered
