"""A content as compiled templates, and its rendering for one recipient in each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import minijinja

from contracts.push_gateway import contents
from contracts.template_errors import in_words
from contracts.template_filters import FilterFailed
from contracts.template_rules import guarded, lock, method_names, missing, refusal
from contracts.vocabulary import ContentFailure

# Title and body are a line or two; ten thousand instructions are plenty, and stop a loop within a millisecond.
FUEL = 20_000
MARKS = ("{{", "{%", "{#")


class RenderFailed(ValueError):
    """A template is broken, or fails for these fields. `code` is a stable slug, `field` one of the content's."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(field, code, detail)
        self.field, self.code, self.detail = field, code, detail


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
        self._texts = _texts_of(content)
        if not any(self._texts.values()) and not content.get("data"):
            raise RenderFailed("body", ContentFailure.TEXT_EMPTY, "There is neither a title, a body nor data.")
        self._environment = _new_environment()
        self._methods: dict[str, frozenset[str]] = {}
        names: set[str] = set()
        for field, text in self._texts.items():
            if not content.get("literal") and any(mark in text for mark in MARKS):
                names |= self._compile(field, text)
        self.variables = sorted(names)

    def _compile(self, field: str, text: str) -> set[str]:
        if (refused := refusal(text)) is not None:
            raise RenderFailed(field, ContentFailure.TEMPLATE_INVALID, f"The template is not taken: {refused}.")
        try:
            names: set[str] = set(self._environment.undeclared_variables_in_str(text))
            self._methods[field] = method_names(self._environment, text)
            self._environment.add_template(field, guarded(text, self._methods[field]))
        except minijinja.TemplateError as error:
            raise RenderFailed(field, ContentFailure.TEMPLATE_INVALID, in_words(error)) from None
        return names

    def render(self, fields: Mapping[str, Any], language: str | None = None) -> Rendered:
        """What a recipient gets on a device of that translation; an empty field counts as missing.

        :raises RenderFailed: a template fails, the text is too long, or nothing is left of it.
        """
        present = {k: v for k, v in fields.items() if v is not None and v != ""}
        title, body = (self._text(_name(language, part), present) for part in ("title", "body"))
        url = self._text("url", present) or None
        if not title.strip() and not body.strip() and not self.content.get("data"):
            raise RenderFailed("body", ContentFailure.TEXT_EMPTY, "The text is empty for this recipient.")
        if url is not None and not contents.is_link(url):
            raise RenderFailed("url", ContentFailure.FAILED, "What it opens is no address for this recipient.")
        return Rendered(title, body, url)

    def _text(self, field: str, present: dict[str, Any]) -> str:
        methods = self._methods.get(field)
        if methods is None:
            return self._texts.get(field, "")
        values = present | missing(methods, present) if methods else present
        try:
            rendered: str = self._environment.render_template(field, **values)
        except (minijinja.TemplateError, FilterFailed) as error:
            raise RenderFailed(field, ContentFailure.TEMPLATE_FAILED, in_words(error)) from None
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


def _new_environment() -> minijinja.Environment:
    environment = minijinja.Environment()
    # A field that this recipient lacks is empty, and false in a condition; names that nobody has are found before,
    # at preview and schedule (docs/decisions/0006).
    environment.undefined_behavior = "lenient"
    environment.fuel = FUEL
    environment.auto_escape_callback = lambda _name: False
    environment.keep_trailing_newline = True
    lock(environment, lenient=True, space=" ")
    return environment
