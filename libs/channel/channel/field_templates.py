"""Texts of a content as templates over a recipient's fields, of a channel whose texts are plain.

The rules of templates are `contracts.template_rules`; what a text may come to (its length, whether it may be empty) is
the channel's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import minijinja

from contracts.template_errors import in_words
from contracts.template_filters import FilterFailed
from contracts.template_rules import guarded, lock, method_names, missing, refusal
from contracts.vocabulary import ContentFailure

_MARKS = ("{{", "{%", "{#")


class RenderFailed(ValueError):
    """A template is broken, or fails for these fields. `code` is a stable slug, `field` one of the content's."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(field, code, detail)
        self.field, self.code, self.detail = field, code, detail


def problem_of(failed: RenderFailed) -> dict[str, Any]:
    """As `contracts.channel.ContentProblem` says it."""
    return {"field": f"content.{failed.field}", "code": failed.code, "detail": failed.detail, "hits": []}


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Of a recipient's fields those that are there: an empty one counts as missing."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


class FieldTemplates:
    """Texts by the content's field, compiled once and rendered for every recipient.

    :ivar variables: of all texts.
    """

    def __init__(self, texts: Iterable[tuple[str, str]], *, fuel: int, literal: bool) -> None:
        """
        :param fuel: instructions that one text may take. :param literal: braces in the texts are braces.
        :raises RenderFailed: a template does not compile.
        """
        self._texts = dict(texts)
        self._environment = _new_environment(fuel)
        self._methods: dict[str, frozenset[str]] = {}
        names: set[str] = set()
        for field, text in self._texts.items():
            if not literal and any(mark in text for mark in _MARKS):
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

    def render(self, field: str, fields: Mapping[str, Any]) -> str:
        """:param fields: those that are `present`. :raises RenderFailed: the template fails for them."""
        methods = self._methods.get(field)
        if methods is None:
            return self._texts.get(field, "")
        values = {**fields, **missing(methods, fields)} if methods else fields
        try:
            rendered: str = self._environment.render_template(field, **values)
        except (minijinja.TemplateError, FilterFailed) as error:
            raise RenderFailed(field, ContentFailure.TEMPLATE_FAILED, in_words(error)) from None
        return rendered


def _new_environment(fuel: int) -> minijinja.Environment:
    environment = minijinja.Environment()
    # A field that this recipient lacks is empty, and false in a condition; names that nobody has are found before,
    # at preview and schedule (docs/decisions/0006).
    environment.undefined_behavior = "lenient"
    environment.fuel = fuel
    environment.auto_escape_callback = lambda _name: False
    environment.keep_trailing_newline = True
    lock(environment, lenient=True, space=" ")
    return environment
