"""First renders of contents, in every language, in a process apart (`channel.first_renders`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channel.field_templates import RenderFailed
from channel.first_renders import FirstRender, FirstRenders, Shown, first_render
from push_gateway.content.payloads import ensure_fits
from push_gateway.content.template import Rendered, Template

ByLanguage = dict[str | None, Rendered]
"""None is the default."""

FIRST_RENDERS = FirstRenders[ByLanguage](f"{__name__}:perform", field="body")


def perform(
    content: Mapping[str, Any],
    fields: Mapping[str, Any] | None,
    recipients: Sequence[Mapping[str, Any]],
    shows: bool,
) -> FirstRender[ByLanguage] | Shown[ByLanguage] | RenderFailed:
    try:
        template = Template(content if not shows or _says(content) else {**content, "data": {"nothing": "yet"}})
        return first_render(template.variables, lambda each: _rendered(template, each), fields, recipients, shows)
    except RenderFailed as failed:
        return failed


def _says(content: Mapping[str, Any]) -> bool:
    return any(content.get(name) for name in ("title", "body", "data"))


def _rendered(template: Template, fields: Mapping[str, Any]) -> ByLanguage:
    found = {language: template.render(fields, language) for language in (None, *template.languages)}
    for one in found.values():
        ensure_fits(template.content, one)
    return found
