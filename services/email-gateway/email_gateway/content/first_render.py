"""First renders: what a stranger wrote meets our parsers, patterns and the template engine in a process of its own.

What it takes too much of there (`chassis.confined`) is said of the text that was worked at, and the content is not
taken. So what comes to be composed by the thousand has been rendered once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from chassis.confined import Confined, Exceeded
from email_gateway.content.compose import Composer, Links, NotComposable, render
from email_gateway.content.prepare import Kind, Prepared, Problem, prepare
from email_gateway.content.template import TemplateProblem

TOO_COSTLY = "content.too_costly"
# Of processor time; a newsletter of 100 KB takes 0.05. Single mails of many accounts come in one call and are answered
# together: there nobody may cost the others more than a moment, and not again soon.
SECONDS, SINGLE_SECONDS = 1.0, 0.5
PATIENCE_SECONDS = 8.0  # whoever asks by RPC has given up after ten
REST_SECONDS = 2.0

_confined = Confined(f"{__name__}:perform", processes=2, rest=REST_SECONDS)

Rendered = dict[str, str | None]


def prepare_apart(
    content: Mapping[str, Any], kind: Kind, account_id: UUID, recipients: Sequence[Mapping[str, Any]] = ()
) -> tuple[Prepared, list[Rendered | str]]:
    """What `prepare` makes of the content, and its texts for each recipient's fields, or why there are none.

    :raises Unavailable: too much is rendered now.
    """
    seconds = SINGLE_SECONDS if recipients else SECONDS
    try:
        prepared, rendered = _ask(
            "prepare", content, kind, account_id, list(recipients), seconds=seconds, owner=account_id
        )
    except Exceeded as exceeded:
        return Prepared(None, problems=[_too_costly(exceeded)]), []
    return prepared, rendered


def render_apart(document: Mapping[str, Any], fields: Mapping[str, Any], account_id: UUID) -> Rendered | Problem:
    """As `compose.render`, or what is wrong. :raises Unavailable: too much is rendered now."""
    try:
        found: Rendered | str = _ask("render", document, fields, seconds=SECONDS, owner=account_id)
    except Exceeded as exceeded:
        return _too_costly(exceeded)
    return Problem("content", "template.field_missing", found) if isinstance(found, str) else found


def _ask(*request: Any, seconds: float, owner: UUID) -> Any:
    return _confined.call(*request, seconds=seconds, patience=PATIENCE_SECONDS, owner=owner)


def _too_costly(exceeded: Exceeded) -> Problem:
    place = exceeded.place or "content"
    took = {"time": "too long", "memory": "too much memory"}.get(exceeded.reason, "too much")
    return Problem(place, TOO_COSTLY, f"{place}: to prepare and render this takes {took}.")


# --- inside the process


def perform(what: str, *arguments: Any) -> Any:
    return _prepare(*arguments) if what == "prepare" else _render(*arguments)


def _prepare(
    content: Mapping[str, Any], kind: Kind, account_id: UUID, recipients: Sequence[Mapping[str, Any]]
) -> tuple[Prepared, list[Rendered | str]]:
    prepared = prepare(content, kind, account_id)
    if prepared.document is None:
        return prepared, []
    _compose(prepared.document, recipients[0] if recipients else dict.fromkeys(prepared.variables, " "))
    return prepared, [_render(prepared.document, each) for each in recipients]


def _compose(document: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    """All that is done for a recipient, but for the signature."""
    composer = Composer(
        document, signers=[], return_path="localhost", links=Links(public_url="", key=b"-", return_path_key=b"-")
    )
    nobody = UUID(int=0)
    with suppress(NotComposable):
        composer.compose(
            message_id=nobody, address="nobody@localhost", fields=fields, campaign_id=None, contact_id=None, at=0
        )


def _render(document: Mapping[str, Any], fields: Mapping[str, Any]) -> Rendered | str:
    try:
        return render(document, fields)
    except TemplateProblem as problem:
        return str(problem)
