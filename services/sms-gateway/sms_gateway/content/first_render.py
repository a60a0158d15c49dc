"""First renders: what a stranger wrote meets our parsers and the template engine in a process of its own.

What it takes too much of there (`chassis.confined`) is said of the text, and the content is not taken. So what comes to
be composed by the thousand has been rendered once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channel import trying
from channel.trying import Fault, Tried, try_with
from chassis.confined import Confined, Exceeded
from contracts.vocabulary import ContentFailure
from sms_gateway.content.template import RenderFailed, Template

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
    tried: Tried


def render_apart(
    content: Mapping[str, Any],
    fields: Mapping[str, Any] | None,
    account_id: UUID,
    recipients: Sequence[Mapping[str, Any]] = (),
) -> FirstRender:
    """
    :param fields: of a recipient; None for somebody who has a blank for every variable.
    :param recipients: fields of others, with whom it is tried; `parts` is then the most that any of them takes.
    :raises RenderFailed: the template is broken, fails for these fields, or takes too much.
    :raises Unavailable: too much is rendered now.
    """
    seconds = SECONDS + (trying.SECONDS if recipients else 0.0)
    try:
        found = _confined.call(
            content, fields, list(recipients), seconds=seconds, patience=PATIENCE_SECONDS, owner=account_id
        )
    except Exceeded:
        raise RenderFailed(ContentFailure.TOO_COSTLY, "text: to compile and render this takes too much.") from None
    if isinstance(found, FirstRender):
        return found
    raise RenderFailed(*found)


@dataclass(frozen=True, slots=True)
class Shown:
    """A content as some recipients would get it: the text of each, or why there is none."""

    variables: list[str]
    texts: list[str | RenderFailed]


def show_apart(content: Mapping[str, Any], account_id: UUID, recipients: Sequence[Mapping[str, Any]]) -> Shown:
    """
    :raises RenderFailed: the template is broken, or takes too much.
    :raises Unavailable: too much is rendered now.
    """
    try:
        found = _confined.call(
            content, None, list(recipients), True, seconds=SECONDS, patience=PATIENCE_SECONDS, owner=account_id
        )
    except Exceeded:
        raise RenderFailed(ContentFailure.TOO_COSTLY, "text: to compile and render this takes too much.") from None
    if isinstance(found, tuple):
        raise RenderFailed(*found)
    variables, texts = found["variables"], found["texts"]
    return Shown(variables, [one if isinstance(one, str) else RenderFailed(*one) for one in texts])


# --- inside the process


def perform(
    content: Mapping[str, Any],
    fields: Mapping[str, Any] | None,
    recipients: Sequence[Mapping[str, Any]] = (),
    shows: bool = False,
) -> FirstRender | tuple[str, str] | dict[str, Any]:
    if shows:
        return _show(content, recipients)
    try:
        template = Template(content)
        tried, most = _try(template, recipients)
        if fields is None:
            return FirstRender(template.variables, "", most if tried.tried else _parts_of_nobody(template), tried)
        return FirstRender(template.variables, template.text(fields), len(template.encode(fields).bodies), tried)
    except RenderFailed as failed:
        return failed.code, failed.detail


def _show(content: Mapping[str, Any], recipients: Sequence[Mapping[str, Any]]) -> tuple[str, str] | dict[str, Any]:
    try:
        template = Template(content)
    except RenderFailed as failed:
        return failed.code, failed.detail
    return {"variables": template.variables, "texts": [_text_or_why(template, each) for each in recipients]}


def _text_or_why(template: Template, fields: Mapping[str, Any]) -> str | tuple[str, str]:
    try:
        return template.text(fields)
    except RenderFailed as failed:
        return failed.code, failed.detail


def _parts_of_nobody(template: Template) -> int:
    """Who has nothing but blanks is nobody: that his text fails or is empty says nothing of a template with fields."""
    try:
        return len(template.encode(dict.fromkeys(template.variables, " ")).bodies)
    except RenderFailed as failed:
        if template.variables and failed.code in (ContentFailure.TEMPLATE_FAILED, ContentFailure.TEXT_EMPTY):
            return 1
        raise


def _try(template: Template, recipients: Sequence[Mapping[str, Any]]) -> tuple[Tried, int]:
    """For whom it fails, and the most parts that it takes."""
    most = 1

    def fault_of(fields: Mapping[str, Any]) -> Fault | None:
        nonlocal most
        try:
            most = max(most, len(template.encode(fields).bodies))
        except RenderFailed as failed:
            return Fault("content.text", failed.code, failed.detail)
        return None

    return try_with(recipients, fault_of), most
