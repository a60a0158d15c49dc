"""First renders: what a stranger wrote meets our parsers and the template engine in a process of its own.

What it takes too much of there (`chassis.confined`) is said of the text, and the content is not taken. So what comes to
be composed by the thousand has been rendered once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from channel import trying
from channel.field_templates import RenderFailed
from channel.trying import Fault, Tried, try_with
from chassis.confined import Confined, Exceeded
from contracts.vocabulary import ContentFailure

SECONDS = 1.0  # of processor time; a text takes a millisecond
PATIENCE_SECONDS = 8.0  # whoever asks by RPC has given up after ten
REST_SECONDS = 2.0
# Of who has nothing but blanks these say nothing: nobody is nobody.
_FAILS_FOR_NOBODY = (ContentFailure.TEMPLATE_FAILED, ContentFailure.TEXT_EMPTY, ContentFailure.FAILED)

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class FirstRender(Generic[R]):
    """A content as one recipient gets it; None: there is no recipient whom it fits."""

    variables: list[str]
    rendered: R | None
    tried: Tried


@dataclass(frozen=True, slots=True)
class Shown(Generic[R]):
    """A content as some recipients would get it, or why there is none."""

    variables: list[str]
    rendered: list[R | RenderFailed]


class FirstRenders(Generic[R]):
    """Asks a channel's `perform`, by its address, in the process apart."""

    def __init__(self, perform: str, *, field: str) -> None:
        """
        :param perform: `module:function`, which takes what `first_render` does but with the content for a template.
        :param field: the content's, of which is said that it takes too much.
        """
        self._confined, self._field = Confined(perform, processes=1, rest=REST_SECONDS), field

    def render_apart(
        self,
        content: Mapping[str, Any],
        fields: Mapping[str, Any] | None,
        account_id: UUID,
        recipients: Sequence[Mapping[str, Any]] = (),
    ) -> FirstRender[R]:
        """
        :param fields: of a recipient; None for somebody who has a blank for every variable.
        :param recipients: fields of others, with whom it is tried.
        :raises RenderFailed: a template is broken, fails for these fields, or takes too much.
        :raises Unavailable: too much is rendered now.
        """
        seconds = SECONDS + (trying.SECONDS if recipients else 0.0)
        found = self._ask(content, fields, list(recipients), False, seconds=seconds, owner=account_id)
        assert isinstance(found, FirstRender)
        return found

    def show_apart(
        self, content: Mapping[str, Any], account_id: UUID, recipients: Sequence[Mapping[str, Any]]
    ) -> Shown[R]:
        """
        :raises RenderFailed: a template is broken, or takes too much.
        :raises Unavailable: too much is rendered now.
        """
        found = self._ask(content, None, list(recipients), True, seconds=SECONDS, owner=account_id)
        assert isinstance(found, Shown)
        return found

    def _ask(self, *arguments: Any, seconds: float, owner: UUID) -> FirstRender[R] | Shown[R]:
        try:
            found: FirstRender[R] | Shown[R] | RenderFailed = self._confined.call(
                *arguments, seconds=seconds, patience=PATIENCE_SECONDS, owner=owner
            )
        except Exceeded:
            detail = "To compile and render this takes too much."
            raise RenderFailed(self._field, ContentFailure.TOO_COSTLY, detail) from None
        if isinstance(found, RenderFailed):
            raise found
        return found


# --- inside the process


class Compiled(Protocol[R_co]):
    """A content, compiled."""

    @property
    def variables(self) -> list[str]: ...

    def render(self, fields: Mapping[str, Any], /) -> R_co:
        """:raises RenderFailed: it fails for these fields."""


def performing(
    compiled: Callable[[Mapping[str, Any]], Compiled[R]],
) -> Callable[..., FirstRender[R] | Shown[R] | RenderFailed]:
    """A channel's `perform`. :param compiled: of a content; raises `RenderFailed` where that fails."""

    def perform(
        content: Mapping[str, Any],
        fields: Mapping[str, Any] | None,
        recipients: Sequence[Mapping[str, Any]],
        shows: bool,
    ) -> FirstRender[R] | Shown[R] | RenderFailed:
        try:
            template = compiled(content)
            return first_render(template.variables, template.render, fields, recipients, shows)
        except RenderFailed as failed:
            return failed

    return perform


def first_render(
    variables: list[str],
    render: Callable[[Mapping[str, Any]], R],
    fields: Mapping[str, Any] | None,
    recipients: Sequence[Mapping[str, Any]],
    shows: bool,
) -> FirstRender[R] | Shown[R]:
    """
    :param render: what the recipient with these fields gets.
    :raises RenderFailed: it fails for these fields.
    """
    if shows:
        return Shown(variables, [_rendered_or_why(render, each) for each in recipients])
    tried = try_with(recipients, lambda each: _fault(render, each))
    rendered = _of_nobody(variables, render, tried) if fields is None else render(fields)
    return FirstRender(variables, rendered, tried)


def _rendered_or_why(render: Callable[[Mapping[str, Any]], R], fields: Mapping[str, Any]) -> R | RenderFailed:
    try:
        return render(fields)
    except RenderFailed as failed:
        return failed


def _of_nobody(variables: list[str], render: Callable[[Mapping[str, Any]], R], tried: Tried) -> R | None:
    """Who has nothing but blanks is nobody: that it fails or is empty says nothing of a template with fields."""
    if tried.tried:
        return None
    try:
        return render(dict.fromkeys(variables, " "))
    except RenderFailed as failed:
        if variables and failed.code in _FAILS_FOR_NOBODY:
            return None
        raise


def _fault(render: Callable[[Mapping[str, Any]], R], fields: Mapping[str, Any]) -> Fault | None:
    try:
        render(fields)
    except RenderFailed as failed:
        return Fault(f"content.{failed.field}", failed.code, failed.detail)
    return None
