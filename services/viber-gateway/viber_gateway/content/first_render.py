"""First renders of contents, in a process apart (`channel.first_renders`)."""

from __future__ import annotations

from channel.first_renders import FirstRenders, performing
from viber_gateway.content.template import Rendered, Template

FIRST_RENDERS = FirstRenders[Rendered](f"{__name__}:perform", field="text")
perform = performing(Template)
