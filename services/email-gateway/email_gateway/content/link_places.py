"""Where a content's links stand, and the words that a reader clicks there: what reports call them by."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

from email_gateway.content import html_tokens
from email_gateway.content.html_tokens import Kind, Token

HIDDEN = "…"  # what differs by recipient
LONGEST_LABEL = 100
# Further links of the same target share a place: each place costs every recipient a token.
MOST_PLACES = 1_000


@dataclass(frozen=True, slots=True)
class LinkPlace:
    """:ivar label: its words, or those of its picture, as far as they are the same for everybody; may be empty.
    :ivar is_conditional: in a conditional comment: Outlook's shape of a link that others find beside it.
    """

    label: str
    is_conditional: bool


def is_link(tag: Token) -> bool:
    """Whether it is a start tag that leads somewhere: `<a>`, `<area>`, or Outlook's own shapes (`<v:roundrect>`)."""
    if tag.kind is not Kind.START or not (tag.name in ("a", "area") or tag.name.startswith("v:")):
        return False
    return "href" in tag.attributes and bool(tag.attributes["href"].value.strip())


def link_places(source: str) -> Iterator[LinkPlace]:
    """Of each link of a template, in the order of `markup.rewrite_links`."""
    link: Token | None = None
    words: list[str] = []
    for token in html_tokens.tokens(source):
        if is_link(token):
            if link is not None:
                yield _place(link, words)
            link, words = token, []
        elif link is None:
            continue
        elif token.kind is Kind.END and token.name == link.name:
            yield _place(link, words)
            link = None
        else:
            words.append(_words(source, token))
    if link is not None:
        yield _place(link, words)


def _place(link: Token, words: list[str]) -> LinkPlace:
    said = " ".join("".join(words).split()) or " ".join(_attribute(link, "alt", "title", "aria-label").split())
    return LinkPlace(said if len(said) <= LONGEST_LABEL else said[: LONGEST_LABEL - 1] + HIDDEN, link.is_conditional)


def _words(source: str, token: Token) -> str:
    if token.kind is Kind.TEXT:
        return html.unescape(source[token.start : token.end])
    if token.kind is Kind.TEMPLATE:
        return _shown(source[token.start : token.end])
    # Between two elements a reader sees a gap, or may.
    return f" {_attribute(token, 'alt')} " if token.kind is Kind.START and token.name == "img" else ""


def _attribute(tag: Token, *names: str) -> str:
    """The first of the attributes that says anything, without what is somebody's."""
    for name in names:
        if name in tag.attributes and (value := tag.attributes[name].value.strip()):
            return html_tokens.outside_of_tags(value, html.unescape, _shown)
    return ""


def _shown(template_tag: str) -> str:
    return HIDDEN if template_tag.startswith("{{") else ""
