"""Whether what a content gives fits the template as WhatsApp keeps it: refused before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_NUMBERED = re.compile(r"\{\{\s*(\d{1,3})\s*\}\}")
_NAMED = re.compile(r"\{\{\s*[A-Za-z_]")


class Misfit(NamedTuple):
    """What is wrong: the field of the content, a code, and a sentence with the number that it is about."""

    field: str
    code: str
    detail: str


def misfits(use: Mapping[str, Any], components: Sequence[Mapping[str, Any]]) -> list[Misfit]:
    """:param use: `contracts.ott_gateway.contents.TemplateUse`. :param components: as WhatsApp tells them."""
    return [*_header(use, _of(components, "HEADER")), *_body(use, _of(components, "BODY")), *_buttons(use, components)]


def _of(components: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    return next((one for one in components if str(one.get("type", "")).upper() == kind), {})


def placeholders(text: Any) -> int:
    """How many values a text takes: the greatest number in it."""
    return max((int(number) for number in _NUMBERED.findall(str(text or ""))), default=0)


def _header(use: Mapping[str, Any], header: Mapping[str, Any]) -> Iterator[Misfit]:
    form, given = str(header.get("format") or "").upper(), use.get("header_media")
    takes_text = form == "TEXT" and placeholders(header.get("text")) > 0
    if takes_text != bool(use.get("header")):
        detail = "Its header takes one value." if takes_text else "Its header takes no value."
        yield Misfit("template.header", "whatsapp.template_header", detail)
    wanted = form.lower() if form in ("IMAGE", "VIDEO", "DOCUMENT") else None
    kind = given and str(given["kind"])
    if wanted != kind:
        detail = f"Its header takes a medium of the kind {wanted}." if wanted else "Its header takes no medium."
        yield Misfit("template.header_media", "whatsapp.template_header", detail)


def _body(use: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[Misfit]:
    if _NAMED.search(str(body.get("text") or "")):
        yield Misfit("template.name", "whatsapp.template_named", "Its values have names; only numbered ones are known.")
        return
    wanted, given = placeholders(body.get("text")), len(use.get("body") or ())
    if wanted != given:
        detail = f"Its body takes {wanted} values; {given} are given."
        yield Misfit("template.body", "whatsapp.template_body", detail)


def _buttons(use: Mapping[str, Any], components: Sequence[Mapping[str, Any]]) -> Iterator[Misfit]:
    found = _of(components, "BUTTONS").get("buttons") or []
    given = {int(one["index"]): one for one in use.get("buttons") or ()}
    for index, button in enumerate(found):
        kind, one = str(button.get("type") or "").upper(), given.pop(index, {})
        takes_url = kind == "URL" and placeholders(button.get("url")) > 0
        if takes_url != bool(one.get("url")):
            detail = f"Button {index} takes the end of its link." if takes_url else f"Button {index} takes no link."
            yield Misfit("template.buttons", "whatsapp.template_button", detail)
        if one.get("payload") and kind != "QUICK_REPLY":
            yield Misfit("template.buttons", "whatsapp.template_button", f"Button {index} is no answer.")
    for index in sorted(given):
        yield Misfit("template.buttons", "whatsapp.template_button", f"It has no button {index}.")
