"""A content as compiled templates, and its rendering for one recipient in each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channel.field_templates import FieldTemplates, RenderFailed, present
from contracts.push_gateway import contents
from contracts.vocabulary import ContentFailure

# Title and body are a line or two; twenty thousand instructions are plenty, and stop a loop within a millisecond.
FUEL = 20_000


@dataclass(frozen=True, slots=True)
class Rendered:
    title: str
    body: str
    url: str | None


class Template:
    """One content, compiled once and rendered for every recipient; with `literal` its texts are no templates.

    :ivar variables: of all texts. :ivar languages: of the translations.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        """:raises RenderFailed: a template does not compile, or there is nothing to say."""
        self.content = content
        self.languages = tuple(content.get("translations") or {})
        texts = _texts_of(content)
        if not any(texts.values()) and not content.get("data"):
            raise RenderFailed("body", ContentFailure.TEXT_EMPTY, "There is neither a title, a body nor data.")
        self._templates = FieldTemplates(texts.items(), fuel=FUEL, literal=bool(content.get("literal")))
        self.variables = self._templates.variables

    def render(self, fields: Mapping[str, Any], language: str | None = None) -> Rendered:
        """What a recipient gets on a device of that translation; an empty field counts as missing.

        :raises RenderFailed: a template fails, the text is too long, or nothing is left of it.
        """
        there = present(fields)
        title, body = (self._text(_name(language, part), there) for part in ("title", "body"))
        url = self._text("url", there) or None
        if not title.strip() and not body.strip() and not self.content.get("data"):
            raise RenderFailed("body", ContentFailure.TEXT_EMPTY, "The text is empty for this recipient.")
        if url is not None and not contents.is_link(url):
            raise RenderFailed("url", ContentFailure.FAILED, "What it opens is no address for this recipient.")
        return Rendered(title, body, url)

    def _text(self, field: str, there: Mapping[str, Any]) -> str:
        rendered = self._templates.render(field, there)
        if len(rendered) > contents.BODY_MAX:
            raise RenderFailed(field, ContentFailure.TEXT_TOO_LONG, "The rendered text is too long.")
        return rendered


def _name(language: str | None, part: str) -> str:
    return part if language is None else f"translations.{language}.{part}"


def _texts_of(content: Mapping[str, Any]) -> dict[str, str]:
    """By field; a translation says what it says, and of what it does not the default."""
    texts = {part: str(content.get(part) or "") for part in ("title", "body", "url")}
    for language, said in (content.get("translations") or {}).items():
        for part in ("title", "body"):
            texts[_name(language, part)] = str(said.get(part) or texts[part])
    return texts
