"""First renders of contents, in a process apart (`channel.first_renders`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channel.field_templates import RenderFailed
from channel.first_renders import FirstRender, FirstRenders, Shown, first_render
from ott_gateway.content.template import Rendered, Template

FIRST_RENDERS = FirstRenders[Rendered](f"{__name__}:perform", field="text")


def perform(
    content: Mapping[str, Any],
    fields: Mapping[str, Any] | None,
    recipients: Sequence[Mapping[str, Any]],
    shows: bool,
) -> FirstRender[Rendered] | Shown[Rendered] | RenderFailed:
    try:
        template = Template(content)
        return first_render(template.variables, template.render, fields, recipients, shows)
    except RenderFailed as failed:
        return failed
