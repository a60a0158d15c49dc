"""First renders: what a stranger wrote meets our parsers and the template engine in a process of its own.

What it takes too much of there (`chassis.confined`) is said of the text, and the content is not taken. So what comes to
be composed by the thousand has been rendered once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.confined import Confined, Exceeded
from sms_gateway.content.template import RenderFailed, Template

TOO_COSTLY = "content.too_costly"
SECONDS = 1.0  # of processor time; a text takes a millisecond
PATIENCE_SECONDS = 8.0  # whoever asks by RPC has given up after ten
REST_SECONDS = 2.0

_confined = Confined(f"{__name__}:perform", processes=1, rest=REST_SECONDS)


@dataclass(frozen=True, slots=True)
class FirstRender:
    """A content as one recipient gets it.

    :param parts: how many the text takes.
    """

    variables: list[str]
    text: str
    parts: int


def render_apart(content: Mapping[str, Any], fields: Mapping[str, Any] | None, account_id: UUID) -> FirstRender:
    """
    :param fields: of a recipient; None for somebody who has a blank for every variable.
    :raises RenderFailed: the template is broken, fails for these fields, or takes too much.
    :raises Unavailable: too much is rendered now.
    """
    try:
        found = _confined.call(content, fields, seconds=SECONDS, patience=PATIENCE_SECONDS, owner=account_id)
    except Exceeded:
        raise RenderFailed(TOO_COSTLY, "text: to compile and render this takes too much.") from None
    if isinstance(found, FirstRender):
        return found
    raise RenderFailed(*found)


# --- inside the process


def perform(content: Mapping[str, Any], fields: Mapping[str, Any] | None) -> FirstRender | tuple[str, str]:
    try:
        template = Template(content)
        given = dict.fromkeys(template.variables, " ") if fields is None else fields
        text = template.text(given)
        # Who has nothing but blanks is nobody: that his text is empty says nothing of the template.
        is_nobodys = fields is None and bool(template.variables) and not text.strip()
        return FirstRender(template.variables, text, 1 if is_nobodys else len(template.encode(given).bodies))
    except RenderFailed as failed:
        return failed.code, failed.detail
