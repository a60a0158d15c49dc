"""A content as it is stored, compiled once and rendered for every recipient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channel.field_templates import FieldTemplates, RenderFailed, present
from contracts.viber_gateway import contents
from contracts.vocabulary import ContentFailure

# A text is a screen or two; twenty thousand instructions are plenty, and stop a loop within a millisecond.
FUEL = 20_000

Rendered = str
"""The text; empty: there is none."""


class Template:
    """One content, compiled once and rendered for every recipient; with `literal` its text is no template."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        """:raises RenderFailed: the template does not compile."""
        self.content = content
        self._most = contents.PICTURE_TEXT_MAX if content.get("picture") else contents.TEXT_MAX
        self._has_text = bool(content.get("text"))
        texts = [("text", content["text"])] if self._has_text else []
        self._templates = FieldTemplates(texts, fuel=FUEL, literal=bool(content.get("literal")))
        self.variables = self._templates.variables

    def render(self, fields: Mapping[str, Any]) -> Rendered:
        """What a recipient gets; an empty field counts as missing.

        :raises RenderFailed: the template fails, or the text is too long or empty.
        """
        if not self._has_text:
            return ""
        rendered = self._templates.render("text", present(fields))
        if not rendered.strip():
            raise RenderFailed("text", ContentFailure.TEXT_EMPTY, "The text is empty for this recipient.")
        if len(rendered) > self._most:
            detail = f"It has {len(rendered)} characters; Viber takes at most {self._most}."
            raise RenderFailed("text", ContentFailure.TEXT_TOO_LONG, detail)
        return rendered
