"""A content as a compiled template, and its rendering for one recipient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import minijinja

from channel.utm import with_utm
from contracts.template_errors import in_words
from contracts.template_filters import FilterFailed
from contracts.template_rules import guarded, lock, method_names, missing, refusal
from contracts.vocabulary import ContentFailure
from sms_gateway.content import gsm, octets, parts, short_links
from sms_gateway.content.parts import Encoded

# A campaign text is a line or two; ten thousand instructions are plenty, and stop a loop within a millisecond.
FUEL = 20_000
TEXT_RENDERED_MAX = 20_000


class RenderFailed(ValueError):
    """The template is broken, or fails for these fields. `code` is a stable slug."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def _as_came(content: Mapping[str, Any]) -> Encoded:
    """A partner's message (`octets.as_content`)."""
    found = octets.bodies(octets.of_content(content), content["data_coding"], has_header=content["has_header"])
    return Encoded(octets.alphabet(content["data_coding"]), tuple(found))


class Template:
    """One content, compiled once and rendered for every recipient; with `literal` the text is no template.

    :ivar targets: where its short links lead, by their number.
    :ivar national_language: whose tables it may be written with.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        """:raises RenderFailed: the template does not compile, or a link in it cannot be shortened."""
        text = content["text"]
        self._is_plain = bool(content.get("literal")) or not any(mark in text for mark in ("{{", "{%", "{#"))
        self._links = _cut(text, content.get("short_link_url"), is_template=not self._is_plain)
        self.targets = [with_utm(each, content.get("utm")) for each in self._links.targets] if self._links else []
        self._replace = bool(content.get("replace_diacritics"))
        self.national_language: str | None = content.get("national_language")
        self.variables: list[str] = []
        self._methods: frozenset[str] = frozenset()
        if not self._is_plain:  # an environment takes longer to make than a partner's message to send
            self._compile(text)
        if self._links and any(name.startswith(short_links.VARIABLE) for name in self.variables):
            detail = f"{short_links.VARIABLE}… are names that Wici keeps for itself."
            raise RenderFailed(ContentFailure.TEMPLATE_INVALID, detail)
        self._samples = self._links.samples if self._links else ()
        self._plain_text = self._finish(text) if self._is_plain else ""
        self._plain_encoded = _as_came(content) if "octets" in content else None

    def _compile(self, text: str) -> None:
        """:raises RenderFailed: it does not compile."""
        environment = minijinja.Environment()
        # A field that this recipient lacks is empty, and false in a condition; names that nobody has are found before,
        # at preview and schedule (docs/decisions/0006).
        environment.undefined_behavior = "lenient"
        environment.fuel = FUEL
        environment.auto_escape_callback = lambda _name: False
        environment.keep_trailing_newline = True
        lock(environment, lenient=True, space=" ")
        if (refused := refusal(text)) is not None:
            raise RenderFailed(ContentFailure.TEMPLATE_INVALID, f"The template is not taken: {refused}.")
        try:
            self.variables = sorted(environment.undeclared_variables_in_str(text))
            self._methods = method_names(environment, text)
            source = self._links.template if self._links else text
            environment.add_template("text", guarded(source, self._methods))
        except minijinja.TemplateError as error:
            raise RenderFailed(ContentFailure.TEMPLATE_INVALID, in_words(error)) from None
        self._render = environment.render_template

    def _finish(self, text: str) -> str:
        return gsm.replace_diacritics(text) if self._replace else text

    def text(self, fields: Mapping[str, Any], links: Sequence[str] = ()) -> str:
        """The text for one recipient; an empty field counts as missing, so that `default` fills it.

        :param links: the recipient's short links, one for each of `targets`; without them samples of their length.
        :raises RenderFailed: the template fails.
        """
        links = links or self._samples
        if self._is_plain:
            return self._finish(self._links.filled(links)) if self._links else self._plain_text
        present = {k: v for k, v in fields.items() if v is not None and v != ""}
        if self._methods:
            present |= missing(self._methods, present)
        try:
            rendered: str = self._render("text", **present, **short_links.variables(links))
        except (minijinja.TemplateError, FilterFailed) as error:
            raise RenderFailed(ContentFailure.TEMPLATE_FAILED, in_words(error)) from None
        if len(rendered) > TEXT_RENDERED_MAX:
            raise RenderFailed(ContentFailure.TEXT_TOO_LONG, "The rendered text is too long.")
        return self._finish(rendered)

    def encode(self, fields: Mapping[str, Any], links: Sequence[str] = ()) -> Encoded:
        """The parts for one recipient; as many with samples as with the recipient's `links`.

        :raises RenderFailed: as `text`, or `text.too_long`, or `text.empty`.
        """
        if self._plain_encoded is not None:
            return self._plain_encoded
        text = self.text(fields, links)
        if not text or text.isspace():
            raise RenderFailed(ContentFailure.TEXT_EMPTY, "The text is empty for this recipient.")
        try:
            encoded = parts.encoded(text, self.national_language)
        except parts.TooLong as error:
            raise RenderFailed(ContentFailure.TEXT_TOO_LONG, str(error)) from None
        if self._is_plain and not self.targets:
            self._plain_encoded = encoded
        return encoded


def _cut(text: str, address: str | None, *, is_template: bool) -> short_links.Cut | None:
    """The text cut at its links; None where there are none, or they stay as they are."""
    if address is None:
        return None
    try:
        links = short_links.cut(text, address=address, is_template=is_template)
    except short_links.LinkRefused as refused:
        raise RenderFailed(refused.code, refused.detail) from None
    return links if links.targets else None
