"""A content as compiled templates, and its rendering for one recipient: its texts alone are templates."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from channel.field_templates import FieldTemplates, RenderFailed, present
from contracts.rcs_gateway import contents
from contracts.rcs_gateway.contents import Kind
from contracts.vocabulary import ContentFailure

# A few hundred instructions make a text; this stops a loop within some milliseconds.
FUEL = 50_000
_LABELS = {
    "text": contents.LABEL_MAX,
    "title": contents.EVENT_TITLE_MAX,
    "description": contents.EVENT_DESCRIPTION_MAX,
}
_CARD = {"title": contents.TITLE_MAX, "description": contents.DESCRIPTION_MAX}

Path = tuple[str | int, ...]


class Template:
    """One content, compiled once and rendered for every recipient; with `literal` its texts are no templates.

    :ivar variables: of all texts.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        """:raises RenderFailed: a template does not compile."""
        self.content = content
        self._most = {path: most for path, _, most in _texts_of(content)}
        texts = [(named(path), text) for path, text, _ in _texts_of(content)]
        self._templates = FieldTemplates(texts, fuel=FUEL, literal=bool(content.get("literal")))
        self.variables = self._templates.variables

    def render(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The content as a recipient gets it; an empty field counts as missing.

        :raises RenderFailed: a template fails, a text is too long, or nothing is left of one that must be there.
        """
        rendered = copy.deepcopy(dict(self.content)) if self._most else dict(self.content)
        there = present(fields)
        for path, most in self._most.items():
            written = self._templates.render(named(path), there)
            if len(written) > most:
                detail = f"It has {len(written)} characters for this recipient; at most {most} are shown."
                raise RenderFailed(named(path), ContentFailure.TEXT_TOO_LONG, detail)
            if not written.strip() and path[-1] == "text":
                raise RenderFailed(named(path), ContentFailure.TEXT_EMPTY, "The text is empty for this recipient.")
            _put(rendered, path, written)
        _ensure_cards_say_something(rendered)
        return rendered


def named(path: Path) -> str:
    """As refusals name a field: `carousel.cards.0.title`."""
    return ".".join(map(str, path))


def _texts_of(content: Mapping[str, Any]) -> Iterator[tuple[Path, str, int]]:
    """Every text with where it stands and how many characters of it a recipient may get."""
    if (text := content.get("text")) is not None:
        basic = content.get("kind") == Kind.BASIC
        yield ("text",), str(text), contents.BASIC_MAX if basic else contents.TEXT_MAX
    for path, card in cards_of(content):
        for name, most in _CARD.items():
            if card.get(name):
                yield (*path, name), str(card[name]), most
        yield from _labels_of(card, path)
    yield from _labels_of(content, ())


def cards_of(content: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(card := content.get("card"), dict):
        yield ("card",), card
    for place, one in enumerate((content.get("carousel") or {}).get("cards") or ()):
        yield ("carousel", "cards", place), one


def _labels_of(holder: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str, int]]:
    for place, suggestion in enumerate(holder.get("suggestions") or ()):
        for name, most in _LABELS.items():
            if suggestion.get(name):
                yield (*path, "suggestions", place, name), str(suggestion[name]), most


def _put(content: Any, path: Path, text: str) -> None:
    for step in path[:-1]:
        content = content[step]
    content[path[-1]] = text


def _ensure_cards_say_something(content: Mapping[str, Any]) -> None:
    for path, card in cards_of(content):
        if not card.get("media") and not any(str(card.get(name) or "").strip() for name in _CARD):
            raise RenderFailed(
                named((*path, "title")), ContentFailure.TEXT_EMPTY, "The card is empty for this recipient."
            )
