"""Preparing content: once, what a person wrote becomes what the sender renders per recipient.

The result is immutable and known by the SHA-256 of its JSON: a batch names it by hash and the sender keeps it cached.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from typing import Any
from uuid import UUID

from chassis.confined import at
from contracts.email_gateway.contents import HTML_MAX, PREHEADER_MAX, SUBJECT_MAX
from email_gateway.content import markup, targets, unsubscribing
from email_gateway.content.link_places import MOST_PLACES, LinkPlace, link_places
from email_gateway.content.mjml import MjmlProblem
from email_gateway.content.source import with_html
from email_gateway.content.template import Template, TemplateProblem
from email_gateway.content.unsubscribing import Shown

UNSUBSCRIBE = unsubscribing.VARIABLE
OPEN = "wici_open_url"
_MAXIMA = {"subject": SUBJECT_MAX, "preheader": PREHEADER_MAX, "html": 2 * HTML_MAX, "text": HTML_MAX}

_NO_LINK = (
    'The html needs a link that its readers see, <a href="{{ unsubscribe_url }}">…</a>, with a text or with a picture '
    "that has one (alt), outside of comments and of what is hidden."
)
# What is no web address whatever its variables hold.
_LEFT_ALONE = re.compile(r"(?:mailto|tel|sms|geo|data|javascript|cid|about|blob|file|vbscript):|#", re.IGNORECASE)


class Kind(StrEnum):
    """Why a mail is sent: a campaign must let people unsubscribe; a system mail is Wici's own and is not tracked."""

    CAMPAIGN = "campaign"
    TRANSACTIONAL = "transactional"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Tracked:
    """What is to be known of a mail's readers: all, unless it says otherwise; of Wici's own mails nothing."""

    opens: bool
    clicks: bool

    @classmethod
    def of(cls, content: Mapping[str, Any], kind: Kind) -> Tracked:
        wanted, may = content.get("tracking") or {}, kind is not Kind.SYSTEM
        return cls(may and wanted.get("opens", True), may and wanted.get("clicks", True))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the content: the field, a stable slug, a sentence for a person."""

    field: str
    code: str
    detail: str
    hits: tuple[int, ...] = ()  # places of those with whom it was tried


@dataclass(frozen=True)
class Prepared:
    """`document` is what is stored; None where there are problems."""

    document: dict[str, Any] | None
    variables: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def content_hash(self) -> str | None:
        return None if self.document is None else hash_of(self.document)


def hash_of(document: Mapping[str, Any]) -> str:
    """Hex SHA-256 of the document in canonical JSON."""
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def template_of(document: Mapping[str, Any]) -> Template:
    """The document's texts, compiled: `subject`, `html` and `text` where present, `link0`… for links with variables."""
    sources = {name: document[name] for name in ("subject", "html", "text") if document.get(name)}
    for number, target in enumerate(document["links"]):
        if targets.is_dynamic(target):
            sources[link_name(number)] = target
    # A recipient of a campaign who lacks a field that others have still gets the mail; names that nobody has are
    # refused when the campaign is scheduled.
    return Template(sources, lenient=is_lenient(document))


def is_lenient(document: Mapping[str, Any]) -> bool:
    return document["kind"] == Kind.CAMPAIGN


def link_name(number: int) -> str:
    return f"link{number}"


def link_variable(number: int) -> str:
    return f"wici_link_{number}"


def _printed(variable: str) -> str:
    """A tag that prints one of our own URLs, in which there is nothing to escape."""
    return "{{ " + variable + "|safe }}"


def prepare(content: Mapping[str, Any], kind: Kind, account_id: UUID) -> Prepared:
    """Rewrite links, add preheader and pixel, derive the text part, and check what can be checked without recipients.

    :param content: from_email, from_name?, reply_to?, subject, preheader?, mjml?, html?, inline_css?, text?, headers?,
        tracking?
    """
    try:
        content = with_html(content, inlines=kind is Kind.CAMPAIGN)
    except MjmlProblem as problem:
        return Prepared(None, problems=[Problem("mjml", "template.mjml_invalid", f"mjml, {problem}.")])
    content["html"] = markup.with_literal_styles(content["html"])
    problems = _compile_problems(content, kind)
    if problems:
        return Prepared(None, problems=problems)
    at("html" if content.get("html") else "text")
    tracked = Tracked.of(content, kind)
    html, links, labels = _tracked_html(content.get("html") or "", tracked, content.get("utm"))
    text = content.get("text") or (_derived_text(html) if html else "")
    if text is None:
        return Prepared(
            None,
            problems=[Problem("text", "email.text_missing", "No text part can be derived from this html; give one.")],
        )
    if preheader := content.get("preheader"):
        html = markup.with_preheader(html, preheader) if html else html
    if html and tracked.opens:
        html = markup.with_pixel(html, _printed(OPEN))
    document = {
        "v": 1,
        "account_id": str(account_id),
        "kind": str(kind),
        "from_email": content["from_email"],
        "from_name": content.get("from_name") or "",
        "reply_to": content.get("reply_to") or "",
        "subject": content["subject"],
        "html": html,
        "text": text,
        "links": links,
        "labels": labels,
        "utm": content.get("utm"),
        "headers": dict(content.get("headers") or {}),
    }
    if kind is Kind.CAMPAIGN:
        document["unsubscribe"] = {
            name: unsubscribing.shown_in_template(document[name], is_html=name == "html") for name in ("html", "text")
        }
    return _checked(document)


def _checked(document: dict[str, Any]) -> Prepared:
    """Compile what came out of the rewriting: a link may have held half a tag."""
    try:
        template = template_of(document)
    except TemplateProblem as problem:
        return Prepared(None, problems=[Problem("html", "template.invalid", str(problem))])
    used = set().union(*(template.variables(name) for name in ("subject", "html", "text") if document[name]))
    for number, target in enumerate(document["links"]):
        if targets.is_dynamic(target):
            used |= template.variables(link_name(number))
    own = {UNSUBSCRIBE, OPEN} | {link_variable(number) for number in range(len(document["links"]))}
    return Prepared(document, sorted(used - own))


def _compile_problems(content: Mapping[str, Any], kind: Kind) -> list[Problem]:
    problems = []
    if not content.get("html") and not content.get("text"):
        problems.append(Problem("html", "content.empty", "An e-mail needs html or text."))
    for name, maximum in _MAXIMA.items():
        at(name)
        source = content.get(name) or ""
        if len(source) > maximum:
            problems.append(Problem(name, "field.too_long", f"The {name} is too long."))
            continue
        try:
            template = Template({name: source})
        except TemplateProblem as problem:
            problems.append(Problem(name, "template.invalid", str(problem)))
            continue
        must_show = name == "html" and source and kind is Kind.CAMPAIGN
        if must_show and unsubscribing.shown_in_template(source, is_html=True) is Shown.NEVER:
            problems.append(Problem("html", "email.unsubscribe_link_missing", _NO_LINK))
        if reserved := [variable for variable in template.variables(name) if variable.startswith("wici_")]:
            problems.append(
                Problem(name, "template.reserved_name", f"{min(reserved)} is a name that Wici keeps for itself.")
            )
    return problems


def _derived_text(html: str) -> str | None:
    """A text part that uses no variable which the html does not: a tag torn from its loop would."""
    try:
        known = Template({"html": html}).variables("html")
    except TemplateProblem:
        return None  # the html that came out of the rewriting does not compile; `_checked` says so

    def is_valid(text: str) -> bool:
        try:
            return Template({"text": text}).variables("text") <= known
        except TemplateProblem:
            return False

    return markup.text_of(html, is_valid)


def _tracked_html(html: str, tracked: Tracked, utm: Mapping[str, Any] | None) -> tuple[str, list[str], list[str]]:
    """The html with its web links replaced by variables; their targets, by the number of their place; the labels there.

    :param utm: parameters that those targets get which are the same for everybody; the others get them when rendered.
    """
    if html and not tracked.clicks and utm:
        return markup.rewrite_links(html, lambda target: _untracked(target, utm)), [], []
    if not html or not tracked.clicks:
        return html, [], []
    numbers = _Numbers(link_places(html))
    outside = Template({"html": html}).variables("html")

    def replace(target: str) -> str | None:
        place = numbers.next_place()
        if _LEFT_ALONE.match(target):
            return None
        if targets.is_dynamic(target):
            if not _is_trackable(target, outside):
                return None
        elif (address := targets.web_address(target)) is None:
            return None
        else:
            target = targets.with_parameters(address, utm)
        return _printed(link_variable(numbers.number_of(target, place)))

    return markup.rewrite_links(html, replace), numbers.targets, numbers.labels


class _Numbers:
    """Gives each place a number, from 0; Outlook's shape of a link has that of the link that follows it."""

    def __init__(self, places: Iterator[LinkPlace]) -> None:
        self._places = places
        self.targets: list[str] = []
        self.labels: list[str] = []
        self._last: dict[str, int] = {}  # by target
        self._twins: dict[str, int] = {}  # of Outlook's shapes whose link has not come yet

    def next_place(self) -> LinkPlace:
        return next(self._places)

    def number_of(self, target: str, place: LinkPlace) -> int:
        twin = self._twins.get(target) if place.is_conditional else self._twins.pop(target, None)
        if twin is not None:
            self.labels[twin] = self.labels[twin] or place.label
            return twin
        if len(self.targets) >= MOST_PLACES and target in self._last:
            return self._last[target]
        number = self._last[target] = len(self.targets)
        self.targets.append(target)
        self.labels.append(place.label)
        if place.is_conditional:
            self._twins[target] = number
        return number


def _untracked(target: str, utm: Mapping[str, Any]) -> str | None:
    """The target as it stands in an attribute, with its parameters; None where it is no web address for everybody."""
    if _LEFT_ALONE.match(target) or targets.is_dynamic(target) or (address := targets.web_address(target)) is None:
        return None
    return escape(targets.with_parameters(address, utm))


def _is_trackable(target: str, outside: set[str]) -> bool:
    """Whether the target can be rendered by itself: it uses no variable of a loop, and is not the unsubscribe link."""
    try:
        used = Template({"link": target}).variables("link")
    except TemplateProblem:
        return False
    return UNSUBSCRIBE not in used and used <= outside
