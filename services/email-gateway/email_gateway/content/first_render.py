"""First renders: what a stranger wrote meets our parsers, patterns and the template engine in a process of its own.

What it takes too much of there (`chassis.confined`) is said of the text that was worked at, and the content is not
taken. So what comes to be composed by the thousand has been rendered once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from channel import trying
from channel.trying import Fault, Tried, try_with
from chassis.confined import Confined, Exceeded
from contracts.vocabulary import ContentFailure
from email_gateway.content import markup
from email_gateway.content.advice import Advice, Figures, advice_on, figures_of
from email_gateway.content.compose import Composer, Links, NotComposable, present, render
from email_gateway.content.mjml import MjmlProblem
from email_gateway.content.prepare import UNSUBSCRIBE, Kind, Prepared, Problem, is_lenient, prepare
from email_gateway.content.source import with_html
from email_gateway.content.template import Template, TemplateProblem

TOO_COSTLY = str(ContentFailure.TOO_COSTLY)
# Of processor time; a newsletter of 100 KB takes 0.05. Single mails of many accounts come in one call and are answered
# together: there nobody may cost the others more than a moment, and not again soon.
SECONDS, SINGLE_SECONDS = 1.0, 0.5
PATIENCE_SECONDS = 8.0  # whoever asks by RPC has given up after ten
REST_SECONDS = 2.0
SOMEBODY = "anna.kowalska@example.com"
MOST_SHOWN = 4_000_000  # characters of mails in one answer

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


def try_apart(
    content: Mapping[str, Any], kind: Kind, account_id: UUID, recipients: Sequence[Mapping[str, Any]]
) -> tuple[Prepared, int]:
    """What `prepare` makes of the content, and for how many of the recipients, by their fields, mails were made of it.

    What fails for some of them are problems of the content. :raises Unavailable: too much is rendered now.
    """
    try:
        prepared, tried = _ask(
            "try", content, kind, account_id, list(recipients), seconds=SECONDS + trying.SECONDS, owner=account_id
        )
    except Exceeded as exceeded:
        return Prepared(None, problems=[_too_costly(exceeded)]), 0
    return prepared, tried


def render_apart(document: Mapping[str, Any], fields: Mapping[str, Any], account_id: UUID) -> Rendered | Problem:
    """As `compose.render`, or what is wrong. :raises Unavailable: too much is rendered now."""
    try:
        found: Rendered | str = _ask("render", document, fields, seconds=SECONDS, owner=account_id)
    except Exceeded as exceeded:
        return _too_costly(exceeded)
    if not isinstance(found, str):
        return found
    return Problem(
        "content", ContentFailure.TEMPLATE_FAILED if is_lenient(document) else "template.field_missing", found
    )


@dataclass(frozen=True)
class Checked:
    """A content as it would be sent.

    :ivar content: with the html that was made of it, and a text part. :ivar rendered: for each recipient, or why not.
    :ivar mail: as it would leave, but for signatures; None where it cannot be made, or was not asked for.
    """

    content: dict[str, Any]
    variables: list[str]
    problems: list[Problem]
    advice: list[Advice]
    rendered: list[Rendered | str]
    figures: Figures
    mail: bytes | None = None


def check_apart(
    content: Mapping[str, Any],
    account_id: UUID,
    recipients: Sequence[Mapping[str, Any]],
    *,
    mail_from: str | None = None,
) -> Checked:
    """What is to be said of a campaign's content, which may be half written.

    :param mail_from: what links to ourselves begin with, where the whole mail is wanted too.
    :raises Unavailable: too much is rendered now.
    """
    asked = (content, account_id, list(recipients), mail_from)
    try:
        checked: Checked = _ask("check", *asked, seconds=SECONDS, owner=account_id)
    except Exceeded as exceeded:
        return Checked(dict(content), [], [_too_costly(exceeded)], [], [], Figures())
    return checked


def _ask(*request: Any, seconds: float, owner: UUID) -> Any:
    return _confined.call(*request, seconds=seconds, patience=PATIENCE_SECONDS, owner=owner)


def _too_costly(exceeded: Exceeded) -> Problem:
    place = exceeded.place or "content"
    took = {"time": "too long", "memory": "too much memory"}.get(exceeded.reason, "too much")
    return Problem(place, TOO_COSTLY, f"{place}: to prepare and render this takes {took}.")


# --- inside the process


def perform(what: str, *arguments: Any) -> Any:
    if what == "render":
        return _render(*arguments)
    if what == "check":
        return _check(*arguments)
    return _try(*arguments) if what == "try" else _prepare(*arguments)


def _prepare(
    content: Mapping[str, Any], kind: Kind, account_id: UUID, recipients: Sequence[Mapping[str, Any]]
) -> tuple[Prepared, list[Rendered | str]]:
    prepared = prepare(content, kind, account_id)
    if prepared.document is None:
        return prepared, []
    with suppress(NotComposable):
        _compose(_composer(prepared.document), recipients[0] if recipients else dict.fromkeys(prepared.variables, " "))
    return prepared, [_render(prepared.document, each) for each in recipients]


def _try(
    content: Mapping[str, Any], kind: Kind, account_id: UUID, recipients: Sequence[Mapping[str, Any]]
) -> tuple[Prepared, int]:
    prepared = prepare(content, kind, account_id)
    if prepared.document is None:
        return prepared, 0
    composer, written = _composer(prepared.document), _as_written(content, lenient=is_lenient(prepared.document))
    found = try_with(recipients, lambda fields: _fault(written, composer, fields))
    return _with_faults(prepared, found), found.tried


def _check(
    content: Mapping[str, Any], account_id: UUID, recipients: Sequence[Mapping[str, Any]], mail_from: str | None = None
) -> Checked:
    """What only keeps it from being a campaign, such as a missing link to unsubscribe, keeps nobody from seeing it."""
    prepared = prepare(content, Kind.CAMPAIGN, account_id)
    problems, made = prepared.problems, dict(content)
    with suppress(MjmlProblem):
        made = with_html(content, inlines=True)
    if prepared.document is None:
        prepared = prepare({**made, "mjml": None, "inline_css": False}, Kind.TRANSACTIONAL, account_id)
    if prepared.document is None:
        figures = figures_of(made, [])
        return Checked(made, [], problems or prepared.problems, list(advice_on(made, figures)), [], figures)
    document = {**prepared.document, "kind": str(Kind.CAMPAIGN)}
    rendered = _rendered(document, recipients)
    figures = figures_of(made, [one for one in rendered if not isinstance(one, str)])
    made["text"] = prepared.document["text"]
    mail = None if mail_from is None else _mail(document, prepared.variables, mail_from)
    return Checked(made, prepared.variables, problems, list(advice_on(content, figures)), rendered, figures, mail)


def _mail(document: Mapping[str, Any], variables: Sequence[str], public_url: str) -> bytes | None:
    """The mail of a campaign to somebody whose values are the fields' names, or who has none."""
    links = Links(public_url=public_url, key=b"-", return_path_key=b"-")
    nobody, at = UUID(int=0), int(time.time())
    composer = Composer(document, signers=[], return_path=document["from_email"].rpartition("@")[2], links=links)
    for fields in ({name: name for name in variables}, {}):
        with suppress(NotComposable):
            return composer.compose(
                message_id=uuid4(), address=SOMEBODY, fields=fields, campaign_id=nobody, contact_id=nobody, at=at
            ).octets
    return None


def _rendered(document: Mapping[str, Any], recipients: Sequence[Mapping[str, Any]]) -> list[Rendered | str]:
    """The mail of each recipient, as far as one answer can hold them."""
    rendered: list[Rendered | str] = []
    characters = 0
    for each in recipients:
        shown = _render(document, each) if characters < MOST_SHOWN else "The mails of those before it are too long."
        characters += 0 if isinstance(shown, str) else sum(len(text or "") for text in shown.values())
        rendered.append(shown)
    return rendered


def _with_faults(prepared: Prepared, found: Tried) -> Prepared:
    problems = [Problem(fault.field, fault.code, fault.detail, tuple(hits)) for fault, hits in found.hits.items()]
    return Prepared(None, prepared.variables, problems) if problems else prepared


def _as_written(content: Mapping[str, Any], *, lenient: bool) -> dict[str, Template]:
    """The texts as their author wrote them, for places that the author knows."""
    sources = {name: content.get(name) or "" for name in ("subject", "preheader", "html", "text")}
    sources["html"] = markup.with_literal_styles(sources["html"])
    if mjml := content.get("mjml"):  # the places that its author knows are those of the MJML
        sources |= {"html": "", "mjml": mjml}
    return {
        name: Template({name: source}, lenient=lenient, shows_places=True) for name, source in sources.items() if source
    }


def _fault(written: Mapping[str, Template], composer: Composer, fields: Mapping[str, Any]) -> Fault | None:
    """A link that cannot be made fails in the text that it stands in: its mail would leave with a dead one."""
    try:
        for name, template in written.items():
            template.render(name, {UNSUBSCRIBE: "#", **present(fields)})
        _compose(composer, fields)
    except TemplateProblem as problem:
        return Fault(problem.name, ContentFailure.TEMPLATE_FAILED, str(problem))
    except NotComposable as refused:
        return Fault("html", refused.code, refused.detail)
    return None


def _composer(document: Mapping[str, Any]) -> Composer:
    links = Links(public_url="", key=b"-", return_path_key=b"-")
    return Composer(document, signers=[], return_path="localhost", links=links)


def _compose(composer: Composer, fields: Mapping[str, Any]) -> None:
    """All that is done for a recipient, but for the signature. :raises NotComposable: it cannot be."""
    nobody = UUID(int=0)
    composer.compose(
        message_id=nobody, address="nobody@localhost", fields=fields, campaign_id=None, contact_id=None, at=0
    )


def _render(document: Mapping[str, Any], fields: Mapping[str, Any]) -> Rendered | str:
    try:
        return render(document, fields)
    except TemplateProblem as problem:
        return str(problem)
