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
from push_gateway.content.payloads import ensure_fits
from push_gateway.content.template import Rendered, RenderFailed, Template

SECONDS = 1.0  # of processor time; a text takes a millisecond
PATIENCE_SECONDS = 8.0  # whoever asks by RPC has given up after ten
REST_SECONDS = 2.0

_confined = Confined(f"{__name__}:perform", processes=1, rest=REST_SECONDS)

ByLanguage = dict[str | None, Rendered]


@dataclass(frozen=True, slots=True)
class FirstRender:
    """A content as one recipient gets it, by language; None is the default."""

    variables: list[str]
    rendered: ByLanguage
    tried: Tried


@dataclass(frozen=True, slots=True)
class Shown:
    """A content as some recipients would get it: by language, or why there is none."""

    variables: list[str]
    rendered: list[ByLanguage | RenderFailed]


def render_apart(
    content: Mapping[str, Any],
    fields: Mapping[str, Any] | None,
    account_id: UUID,
    recipients: Sequence[Mapping[str, Any]] = (),
) -> FirstRender:
    """
    :param fields: of a recipient; None for somebody who has a blank for every variable.
    :param recipients: fields of others, with whom it is tried.
    :raises RenderFailed: a template is broken, fails for these fields, or takes too much.
    :raises Unavailable: too much is rendered now.
    """
    seconds = SECONDS + (trying.SECONDS if recipients else 0.0)
    found = _ask(content, fields, list(recipients), False, seconds=seconds, owner=account_id)
    assert isinstance(found, FirstRender)
    return found


def show_apart(content: Mapping[str, Any], account_id: UUID, recipients: Sequence[Mapping[str, Any]]) -> Shown:
    """:raises RenderFailed: a template is broken, or takes too much. :raises Unavailable: too much is rendered now."""
    found = _ask(content, None, list(recipients), True, seconds=SECONDS, owner=account_id)
    assert isinstance(found, Shown)
    return found


def _ask(*arguments: Any, seconds: float, owner: UUID) -> FirstRender | Shown:
    try:
        found: FirstRender | Shown | RenderFailed = _confined.call(
            *arguments, seconds=seconds, patience=PATIENCE_SECONDS, owner=owner
        )
    except Exceeded:
        detail = "To compile and render this takes too much."
        raise RenderFailed("body", ContentFailure.TOO_COSTLY, detail) from None
    if isinstance(found, RenderFailed):
        raise found
    return found


# --- inside the process


def perform(
    content: Mapping[str, Any],
    fields: Mapping[str, Any] | None,
    recipients: Sequence[Mapping[str, Any]],
    shows: bool,
) -> FirstRender | Shown | RenderFailed:
    try:
        template = Template(content if not shows or _says(content) else {**content, "data": {"nothing": "yet"}})
        if shows:
            return Shown(template.variables, [_rendered_or_why(template, each) for each in recipients])
        tried = try_with(recipients, lambda each: _fault(template, each))
        if fields is None:
            return FirstRender(template.variables, _of_nobody(template, tried), tried)
        return FirstRender(template.variables, _rendered(template, fields), tried)
    except RenderFailed as failed:
        return failed


def _says(content: Mapping[str, Any]) -> bool:
    return any(content.get(name) for name in ("title", "body", "data"))


def _rendered(template: Template, fields: Mapping[str, Any]) -> ByLanguage:
    found = {language: template.render(fields, language) for language in (None, *template.languages)}
    for one in found.values():
        ensure_fits(template.content, one)
    return found


def _rendered_or_why(template: Template, fields: Mapping[str, Any]) -> ByLanguage | RenderFailed:
    try:
        return _rendered(template, fields)
    except RenderFailed as failed:
        return failed


def _of_nobody(template: Template, tried: Tried) -> ByLanguage:
    """Who has nothing but blanks is nobody: that it fails or is empty says nothing of a template with fields."""
    if tried.tried:
        return {}
    try:
        return _rendered(template, dict.fromkeys(template.variables, " "))
    except RenderFailed as failed:
        fails_for_nobody = (ContentFailure.TEMPLATE_FAILED, ContentFailure.TEXT_EMPTY, ContentFailure.FAILED)
        if template.variables and failed.code in fails_for_nobody:
            return {}
        raise


def _fault(template: Template, fields: Mapping[str, Any]) -> Fault | None:
    try:
        _rendered(template, fields)
    except RenderFailed as failed:
        return Fault(f"content.{failed.field}", failed.code, failed.detail)
    return None
