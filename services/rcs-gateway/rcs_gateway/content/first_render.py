"""First renders of contents, in a process apart (`channel.first_renders`)."""

from __future__ import annotations

from typing import Any

from channel.first_renders import FirstRenders, performing
from rcs_gateway.content.template import Template

FIRST_RENDERS = FirstRenders[dict[str, Any]](f"{__name__}:perform", field="text")
perform = performing(Template)
