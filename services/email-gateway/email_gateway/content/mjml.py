"""MJML to HTML (https://documentation.mjml.io), with template tags wherever an author may want them.

The compiler (mrml) reads something like XML, in which `{% if a < b %}` is no text: template tags and styles travel
through it as marks. It passes over what it does not know and says little of what it cannot read, so elements are
looked at before, and what is wrong is told with its line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

import mrml

from email_gateway.content import html_tokens
from email_gateway.content.html_tokens import Kind, Token

ELEMENTS = frozenset((
    "mjml", "mj-head", "mj-body", "mj-all", "mj-attributes", "mj-breakpoint", "mj-class", "mj-font", "mj-preview",
    "mj-raw", "mj-style", "mj-title", "mj-accordion", "mj-accordion-element", "mj-accordion-text",
    "mj-accordion-title", "mj-button", "mj-carousel", "mj-carousel-image", "mj-column", "mj-divider", "mj-group",
    "mj-hero", "mj-image", "mj-navbar", "mj-navbar-link", "mj-section", "mj-social", "mj-social-element", "mj-spacer",
    "mj-table", "mj-text", "mj-wrapper",
))  # fmt: skip
_NOT_HERE = {
    "mj-include": "a template cannot load another file",
    "mj-html-attributes": "mj-html-attributes is not available; give the attribute to the element itself",
}
MOST_ELEMENTS = 5_000
DEEPEST = 30  # the compiler goes down by recursion, until the stack ends and the process with it

_STYLE = re.compile(r"(<mj-style(?:\s[^<>]*)?>)(.*?)(</mj-style\s*>)", re.DOTALL | re.IGNORECASE)
_TEXT = re.compile(r"(<mj-(?:title|preview)\s*>)([^<]*)(</mj-)", re.IGNORECASE)
_INLINE = re.compile(r"\sinline\s*=\s*[\"']?inline\b", re.IGNORECASE)
_PLACE = re.compile(r"(.*?) (?:in root template )?at position (\d+):\d+", re.DOTALL)
# No fonts of a stranger's server unless the author names one: each opening would be told there.
_OPTIONS = mrml.RenderOptions(fonts={})
_IN_WORDS = {
    "unable to find mjml element": "it does not begin with <mjml>",
    "unexpected end of stream in root template": "an element has no end",
    "unable to load included template": "a template cannot load another file",
}


class MjmlProblem(Exception):
    """This cannot be compiled; the text is for its author."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """:ivar inline_css: what stood in `<mj-style inline="inline">`."""

    html: str
    inline_css: str


class _Marks:
    """What the compiler does not see, each piece under a mark that the source cannot hold: its own hash is in it."""

    def __init__(self, source: str) -> None:
        self._word = f"wici{hashlib.sha256(source.encode('utf-8', 'replace')).hexdigest()[:16]}m"
        self._mark = re.compile(rf"{self._word}(\d{{1,7}})x", re.IGNORECASE)
        self._pieces: list[str] = []
        self._tags: set[int] = set()

    def tag(self, tag: str) -> str:
        self._tags.add(len(self._pieces))
        return self.mark(tag)

    def mark(self, piece: str) -> str:
        self._pieces.append(piece)
        return f"{self._word}{len(self._pieces) - 1}x"

    def resolve(self, marked: str) -> str:
        return self._mark.sub(lambda found: self._piece(int(found[1])), marked)

    def statements(self, marked: str) -> list[str]:
        """The tags that branch, loop or set a name, in their order."""
        numbers = [int(found[1]) for found in self._mark.finditer(marked)]
        return [self._piece(one) for one in numbers if one in self._tags and self._pieces[one].startswith("{%")]

    def _piece(self, number: int) -> str:
        return self.resolve(self._pieces[number]) if number < len(self._pieces) else ""


def compiled(source: str) -> Compiled:
    """:raises MjmlProblem: with the line where that is known."""
    marks, inline = _Marks(source), list[str]()

    def hide(style: re.Match[str]) -> str:
        if _INLINE.search(style[1]):
            inline.append(style[2])
            return "\n" * style[0].count("\n")
        return style[1] + marks.mark(style[2]) + style[3]

    # A title is written twice, and a preview cannot hold elements: each is one piece.
    whole = _TEXT.sub(lambda found: found[1] + marks.mark(found[2]) + found[3], _STYLE.sub(hide, source))
    marked = html_tokens.outside_of_tags(whole, str, marks.tag)
    line_of = _lines(marked, marks.resolve)
    _check(marked, line_of)
    html = _made(marked, line_of)
    if marks.statements(html) != marks.statements(marked):
        raise MjmlProblem(
            "a condition or a loop stands where MJML keeps none; put it around whole sections, columns or elements, or "
            "into mj-raw"
        )
    return Compiled(marks.resolve(html), "\n".join(inline))


def _lines(marked: str, resolve: Callable[[str], str]) -> Callable[[int], int]:
    return lambda place: resolve(marked[:place]).count("\n") + 1


def _made(marked: str, line_of: Callable[[int], int]) -> str:
    try:
        html: str = mrml.to_html(marked, None, _OPTIONS).content
    except OSError as error:
        raise MjmlProblem(_in_words(str(error), marked, line_of)) from None
    return html


def _in_words(message: str, marked: str, line_of: Callable[[int], int]) -> str:
    known = next((words for beginning, words in _IN_WORDS.items() if message.startswith(beginning)), None)
    if known is not None:
        return known
    if (place := _PLACE.match(message)) is None:
        return "it cannot be read: an attribute without quotes, or a sign that is not written as &lt; or &amp;?"
    before = marked.encode()[: int(place[2])].decode(errors="ignore")
    return f"line {line_of(len(before))}: {place[1][:200]}"


def _check(marked: str, line_of: Callable[[int], int]) -> None:
    """:raises MjmlProblem: an element that is not known, has no end, or ends where it did not begin."""
    open_elements: list[Token] = []
    count = 0
    for token in html_tokens.tokens(marked, is_template=False):
        if token.kind not in (Kind.START, Kind.END) or not token.name.startswith("mj"):
            continue
        count += token.kind is Kind.START
        why = _why_not(token, count, open_elements, line_of)
        if why is not None:
            raise MjmlProblem(f"line {line_of(token.start)}: {why}")
        if token.kind is Kind.END:
            open_elements.pop()
        elif not marked.endswith("/>", token.start, token.end):
            open_elements.append(token)
    if open_elements:
        last = open_elements[-1]
        raise MjmlProblem(f"line {line_of(last.start)}: <{last.name}> has no end")
    if not count:
        raise MjmlProblem("it does not begin with <mjml>")


def _why_not(token: Token, count: int, open_elements: list[Token], line_of: Callable[[int], int]) -> str | None:
    """What speaks against a tag behind `count` others and inside of those that are open."""
    if token.name not in ELEMENTS:
        return _NOT_HERE.get(token.name) or f"there is no element <{token.name[:40]}>"
    if count > MOST_ELEMENTS or len(open_elements) > DEEPEST:
        return "there are too many elements, or too many one in another"
    if token.kind is Kind.START:
        return None
    if not open_elements:
        return f"</{token.name}> ends what did not begin"
    begun = open_elements[-1]
    if begun.name == token.name:
        return None
    return f"</{token.name}> stands where </{begun.name}> of line {line_of(begun.start)} is expected"
