"""From what an author writes to the html that is sent: MJML compiled, styles written into their elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.confined import at
from email_gateway.content import inlining, mjml


def with_html(content: Mapping[str, Any], *, inlines: bool) -> dict[str, Any]:
    """The content with its html as it is sent. What was given as html beside MJML is replaced.

    :param inlines: whether styles are, where the content does not say so by `inline_css`.
    :raises MjmlProblem: the MJML cannot be compiled.
    """
    made, css = {**content, "html": content.get("html") or ""}, ""
    if content.get("mjml"):
        at("mjml")
        compiled = mjml.compiled(content["mjml"])
        made["html"], css = compiled.html, compiled.inline_css
    at("html")
    wanted = content.get("inline_css")
    if css or (not content.get("mjml") and (inlines if wanted is None else wanted)):
        made["html"] = inlining.inlined(made["html"], css)
    return made
