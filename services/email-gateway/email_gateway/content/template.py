"""Templates: minijinja with fuel and strict undefined variables; nothing of Python can be reached from one.

What minijinja's fuel does not cover is refused when the template is compiled (`contracts.template_rules`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import minijinja

from contracts import template_rules
from contracts.template_errors import in_words

FUEL = 50_000
MAX_RENDERED = 2_000_000  # characters; a mail of that size is refused by most servers anyway


class TemplateProblem(Exception):
    """The template does not compile, or does not render with these variables; the text is for a person.

    :param name: of the text that it stands in, where that is known.
    """

    def __init__(self, detail: str, name: str = "") -> None:
        super().__init__(detail, name)
        self.detail, self.name = detail, name

    def __str__(self) -> str:
        return f"{self.name}, {self.detail}" if self.name else self.detail


class Template:
    """Several named texts compiled together; one named `html` escapes what it prints."""

    def __init__(self, sources: Mapping[str, str], *, lenient: bool = False, shows_places: bool = False) -> None:
        """
        :param lenient: a variable that is not given prints nothing, instead of failing.
        :param shows_places: what fails to render is told with its column, which takes time.
        :raises TemplateProblem: one does not compile; the message starts with its name."""
        environment = minijinja.Environment(
            fuel=FUEL,
            undefined_behavior="lenient" if lenient else "strict",
            auto_escape_callback=_escaping,
            keep_trailing_newline=True,
            debug=shows_places,
        )
        self._methods: frozenset[str] = frozenset()
        template_rules.lock(environment, lenient=lenient)
        for name, source in sources.items():
            if (found := template_rules.refusal(source)) is not None:
                raise TemplateProblem(found, name)
            try:
                methods = template_rules.method_names(environment, source)
                environment.add_template(name, template_rules.guarded(source, methods))
                self._methods |= methods
            except minijinja.TemplateError as error:
                raise TemplateProblem(in_words(error), name) from None
        self._environment = environment
        self._own = {"wici_undefined", *template_rules.missing(self._methods, {})} if self._methods else set()
        self._names = frozenset(sources)

    def variables(self, name: str) -> set[str]:
        """Names of the variables that the text uses and does not set itself."""
        used = set(self._environment.undeclared_variables_in_template(name))
        return used - self._own if self._own else used

    def render(self, name: str, variables: Mapping[str, Any]) -> str:
        """:raises TemplateProblem: a variable is missing, fuel ran out, or the result is too long."""
        if self._methods:
            variables = {**variables, **template_rules.missing(self._methods, variables)}
        try:
            text: str = self._environment.render_template(name, **variables)
        except (minijinja.TemplateError, TypeError, ValueError) as error:
            raise TemplateProblem(in_words(error), name) from None
        if len(text) > MAX_RENDERED:
            raise TemplateProblem(f"the result is longer than {MAX_RENDERED} characters", name)
        return text


def _escaping(name: str) -> str | None:
    return "html" if name == "html" else None
