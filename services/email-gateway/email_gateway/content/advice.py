"""What is worth knowing of an e-mail before it goes, though nothing forbids to send it: weight, links, pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from email_gateway.content import html_tokens, inlining, targets, unsubscribing
from email_gateway.content.html_tokens import Kind, Token

CLIPPED_AT = 102 * 1024  # octets of HTML; Gmail shows no more, the unsubscribe link at the end included
SUBJECT_ADVISED = 50  # characters that phones show
MOST_LISTED = 200
LONGEST_SHOWN = 500  # characters of a target

_SCHEMES = {"mailto:": "mail", "tel:": "phone", "sms:": "phone"}
_NOWHERE = frozenset(("", "#", "about:blank", "javascript:void(0)", "javascript:void(0);", "javascript:;"))


@dataclass(frozen=True, slots=True)
class Advice:
    """:ivar field: of the content. :ivar code: a stable slug. :ivar detail: a sentence for a person."""

    field: str
    code: str
    detail: str


@dataclass(slots=True)
class Link:
    """:ivar form: `web`, `mail`, `phone`, `unsubscribe`, `anchor` (a place in the mail itself), `variable` (known for
    each recipient alone), or `broken`.
    """

    target: str
    form: str
    words: str
    times: int = 1


@dataclass
class Figures:
    """:ivar weight: octets of the heaviest html that was rendered, else of the template."""

    weight: int = 0
    subject_characters: int = 0
    links: list[Link] = field(default_factory=list)
    images: int = 0
    images_without_alt: list[str] = field(default_factory=list)


def figures_of(content: Mapping[str, Any], rendered: Sequence[Mapping[str, str | None]]) -> Figures:
    """:param content: as it is sent: html that was made of MJML, styles inlined."""
    html = content.get("html") or ""
    figures = Figures(
        weight=max((len((one.get("html") or "").encode()) for one in rendered), default=len(html.encode())),
        subject_characters=max(
            (len(one.get("subject") or "") for one in rendered), default=len(content.get("subject") or "")
        ),
    )
    links: dict[str, Link] = {}
    for tag, words in _tags(html):
        if tag.name == "img":
            figures.images += 1
            if "alt" not in tag.attributes and len(figures.images_without_alt) < MOST_LISTED:
                figures.images_without_alt.append(_value(tag, "src")[:300])
        elif "href" in tag.attributes:
            target = targets.attribute_text(_value(tag, "href").strip())
            if target in links:
                links[target].times += 1
            elif len(links) < MOST_LISTED:
                links[target] = Link(target[:LONGEST_SHOWN], form_of(target), words[:200])
    figures.links = list(links.values())
    return figures


def form_of(target: str) -> str:
    """The form of a link's target, character references resolved."""
    if unsubscribing.VARIABLE in target and targets.is_dynamic(target):
        return "unsubscribe"
    for scheme, form in _SCHEMES.items():
        if target.lower().startswith(scheme):
            return form
    if target.lower() in _NOWHERE:
        return "broken"
    if target.startswith("#"):
        return "anchor"
    if targets.is_dynamic(target):
        begins = target.lower().startswith(("https://", "http://"))
        return "web" if begins else "variable" if target.startswith("{") else "broken"
    return "broken" if targets.web_address(target) is None else "web"


def advice_on(content: Mapping[str, Any], figures: Figures) -> Iterator[Advice]:
    if figures.subject_characters > SUBJECT_ADVISED:
        yield Advice(
            "subject",
            "email.subject_long",
            f"The subject has {figures.subject_characters} characters; phones show about {SUBJECT_ADVISED}.",
        )
    if not content.get("preheader") and "mj-preview" not in (content.get("mjml") or ""):
        yield Advice(
            "preheader", "email.preheader_missing", "Without a preheader, inboxes show the first words of the mail."
        )
    if figures.weight > CLIPPED_AT:
        yield Advice(
            "html",
            "email.too_heavy",
            f"The html has {figures.weight // 1024} KB; Gmail cuts a mail off at {CLIPPED_AT // 1024} KB.",
        )
    if missing := len(figures.images_without_alt):
        yield Advice(
            "html",
            "email.image_without_alt",
            f"{missing} of {figures.images} pictures have no alternative text (alt), which is all that is seen where "
            "pictures are not loaded.",
        )
    for link in figures.links:
        if link.form == "broken":
            yield Advice("html", "email.link_broken", f"The link “{link.target[:100]}” leads nowhere.")
    if content.get("inline_css", True) is not False and inlining.loses_to_inlined(content.get("html") or ""):
        yield Advice(
            "html",
            "email.css_not_inlined",
            "The styles stay in <style>: rules under @media lack !important, and would lose to inlined ones.",
        )


def _tags(html: str) -> Iterator[tuple[Token, str]]:
    """Links and pictures, a link with its words (or its picture's) behind it."""
    waiting: Token | None = None
    words: list[str] = []
    for token in html_tokens.tokens(html):
        if token.kind is Kind.START and token.name == "img":
            yield token, ""
            words.append(_value(token, "alt"))
        elif token.kind in (Kind.START, Kind.END) and (token.name in ("a", "area") or token.name.startswith("v:")):
            if waiting is not None:
                yield waiting, " ".join(" ".join(words).split())
            waiting, words = (token if token.kind is Kind.START else None), []
        elif token.kind in (Kind.TEXT, Kind.TEMPLATE) and waiting is not None:
            words.append(html[token.start : token.end])
    if waiting is not None:
        yield waiting, " ".join(" ".join(words).split())


def _value(token: Token, name: str) -> str:
    return token.attributes[name].value if name in token.attributes else ""
