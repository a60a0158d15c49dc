"""Whether a mail shows its reader the link that unsubscribes, and the line that is added where it does not.

A link counts that somebody can see and follow: an `<a>` with a text or a picture that says what it is, outside of
comments, styles and hidden blocks. In the template it may depend on a condition, or on what template tags print; then
each mail is looked at.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from email_gateway.content import html_tokens, markup, targets
from email_gateway.content.html_tokens import Kind, Token

VARIABLE = "unsubscribe_url"


class Shown(StrEnum):
    ALWAYS = "always"
    SOMETIMES = "sometimes"
    NEVER = "never"


_PRINTED = re.compile(rf"\{{\{{[-+]?\s*{VARIABLE}\s*(?:\|\s*safe\s*)?[-+]?\}}\}}")
_STATEMENT = re.compile(r"\{%[-+]?\s*(\w+)(?:\s+(\w+)\s*(=)?)?")
# Our own addresses, in which there is nothing to escape.
_OURS = re.compile(rf"\{{\{{[-+]?\s*(?:{VARIABLE}|wici_\w+)\s*\|\s*safe\s*[-+]?\}}\}}")
_OPENING = re.compile(r"\{[{%#]")
_HIDING = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|opacity:0*\.?0*(?![\d.])"
    r"|(?:max-height|max-width):0*\.?0*(?:px|em|rem|pt|%)?(?![\w.%])"
)
# A size of letters holds until an element further in has another one of its own: MJML's cells have 0, their texts 13px.
_FONT_SIZE = re.compile(r"(?:^|;)font-size:([^;!]*)")
_NO_SIZE = re.compile(r"0*\.?0*(?:px|em|rem|pt|%)?")
_OWN_SIZE = re.compile(r"\d*\.?\d+(?:px|pt|pc|cm|mm|in|q|rem|vw|vh)|(?:x{1,3}-)?(?:small|large)|medium")
_BLANK = re.compile(r"[\s\u00a0\u00ad\u034f\u200b-\u200f\u2060\ufeff]*")
_VOID = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
))  # fmt: skip
_NOT_SHOWN = frozenset((
    "audio", "canvas", "datalist", "dialog", "math", "noscript", "object", "plaintext", "select", "svg", "template",
    "video",
))  # fmt: skip
_BLOCKS = frozenset(("if", "for", "with", "filter"))
MOST_READ = 100_000  # characters: where well-known readers cut a mail off
_DEEPEST = 500  # elements one in another; deeper ones hide nothing
_LINES = {"pl": "Wypisz się", "en": "Unsubscribe"}
_POLISH = re.compile(r"[ąćęłńśźż]", re.IGNORECASE)


def shown_in_template(source: str, *, is_html: bool) -> Shown:
    """Whether the recipients of a template see the link."""
    return _Reader(source, lambda target: _PRINTED.fullmatch(target) is not None).shown(is_html=is_html)


def is_shown(rendered: str, url: str, *, is_html: bool) -> bool:
    """Whether one recipient does; False also for html that is too long to be read for each."""
    if not is_html:
        return url in rendered
    if len(rendered) > MOST_READ:
        return False
    reader = _Reader(rendered, lambda target: target == url, is_template=False)
    return reader.shown(is_html=True) is not Shown.NEVER


def with_line(rendered: str, url: str, *, is_html: bool) -> str:
    """The text with a line that unsubscribes, in its language: at its end, or where that is not seen, before all else.

    What is still open at the end (a comment, a hidden block) would hide it. Html that is too long to be read for each
    gets it there unread.
    """
    words = _LINES[_language_of(rendered)]
    if not is_html:
        return f"{rendered.rstrip()}\n\n{words}: {url}\n"
    line = (
        '<p style="margin:16px 0;text-align:center;font-family:sans-serif;font-size:12px;color:#666666">'
        f'<a href="{url}" style="color:#666666">{words}</a></p>'
    )
    if len(line) + len(rendered) > MOST_READ:
        return line + rendered
    added = markup.at_the_end(rendered, line, is_template=False)
    return added if is_shown(added, url, is_html=True) else line + rendered


def _language_of(text: str) -> str:
    declared = re.search(r"<html\b[^>]{0,1000}?\slang\s*=\s*[\"']?([a-z]{2})", text[:5000], re.IGNORECASE)
    if declared is not None and declared[1].lower() in _LINES:
        return declared[1].lower()
    return "pl" if _POLISH.search(text) else "en"


class _Reader:
    """Reads one text from its start to its end, as a person would see it."""

    def __init__(self, source: str, is_ours: Callable[[str], bool], *, is_template: bool = True) -> None:
        """:param is_ours: whether a link's target unsubscribes."""
        self._source = source
        self._is_ours = is_ours
        self._is_template = is_template
        self._conditions = 0  # that what is read depends on; one for what may look different once it is rendered
        self._set_aside = ""  # the statement that ends what is not printed here: `endset`, `endraw`
        # Elements, whether each hides what is in it, and whether the letters around it have no size.
        self._open: list[tuple[str, bool, bool]] = []
        self._names: Counter[str] = Counter()  # of those
        self._hidden = 0
        self._is_sizeless = False
        self._link: Shown | None = None  # of the anchor that is open

    def shown(self, *, is_html: bool) -> Shown:
        result = Shown.NEVER
        everything = html_tokens.tokens(self._source, is_template=self._is_template)
        for token in everything if is_html else self._template_tags():
            found = self._read(token, is_html)
            if found is Shown.ALWAYS:
                return found
            result = found or result
        return result

    def _template_tags(self) -> list[Token]:
        return [Token(Kind.TEMPLATE, start, end) for start, end in html_tokens.template_tags(self._source)]

    def _read(self, token: Token, is_html: bool) -> Shown | None:
        """How the link is shown that this token completes."""
        if token.is_conditional:
            return None
        piece = self._source[token.start : token.end]
        if token.kind is Kind.TEMPLATE:
            if piece.startswith("{%"):
                self._follow(piece)
                return None
            if not is_html:
                return self._certainty() if not self._set_aside and _PRINTED.fullmatch(piece) else None
            return self._printed(piece) if piece.startswith("{{") else None
        if token.kind is Kind.START:
            self._conditions += self._is_template and self._is_changeable(token, piece)
            return self._start(token)
        if token.kind is Kind.END:
            self._end(token.name)
            return None
        self._conditions += piece.endswith("<")  # with what a template tag prints behind it, the start of a tag
        is_text = token.kind is Kind.TEXT and _BLANK.fullmatch(html.unescape(piece)) is None
        return self._seen() if is_text else None

    def _seen(self) -> Shown | None:
        """What the link is worth when something of it is seen here."""
        if self._link is None or self._hidden or self._is_sizeless or self._set_aside:
            return None
        return Shown.SOMETIMES if self._conditions else self._link

    def _printed(self, tag: str) -> Shown | None:
        """What the link is worth for what a template tag prints in it, which may be nothing."""
        self._conditions += _is_unescaped(tag)
        return self._seen() and Shown.SOMETIMES

    def _is_changeable(self, tag: Token, piece: str) -> bool:
        """Whether what template tags print may make another tag of it, or a style that hides."""
        if _OPENING.search(piece) is None:
            return False
        outside, position = [], tag.start
        for attribute in sorted(tag.attributes.values(), key=lambda one: one.start):
            if attribute.name != "style" and self._source[attribute.start : attribute.start + 1] in ('"', "'"):
                outside.append(self._source[position : attribute.start])
                position = attribute.end
        rest = "".join(outside) + self._source[position : tag.end]
        inside = (piece[start:end] for start, end in html_tokens.template_tags(piece))
        return _OPENING.search(rest) is not None or any(map(_is_unescaped, inside))

    def _follow(self, statement: str) -> None:
        match = _STATEMENT.match(statement)
        if match is None:
            return
        word, has_value = match[1], match[3] is not None
        self._conditions += word in ("set", "for", "with") and (VARIABLE in statement or "wici_" in statement)
        if self._set_aside:
            if word == self._set_aside:
                self._set_aside = ""
        elif word in _BLOCKS:
            self._conditions += 1
        elif word.removeprefix("end") in _BLOCKS:
            self._conditions -= 1
        elif word == "raw" or (word == "set" and not has_value):
            self._set_aside = f"end{word}"

    def _certainty(self) -> Shown:
        return Shown.SOMETIMES if self._conditions else Shown.ALWAYS

    def _start(self, tag: Token) -> Shown | None:
        hides = _hides(tag)
        if tag.name == "a":
            self._link = self._link_of(tag)
        if tag.name in _VOID:
            alternative = tag.attributes.get("alt") if tag.name == "img" else None
            if alternative is None or hides or _BLANK.fullmatch(alternative.value) is not None:
                return None
            return self._printed("") if _OPENING.search(alternative.value) else self._seen()
        if len(self._open) < _DEEPEST:
            self._open.append((tag.name, hides, self._is_sizeless))
            self._names[tag.name] += 1
            self._hidden += hides
            self._is_sizeless = _is_sizeless(tag, self._is_sizeless)
        return None

    def _link_of(self, tag: Token) -> Shown | None:
        link = tag.attributes.get("href")
        if link is None or self._set_aside or not self._is_ours(targets.attribute_text(link.value.strip())):
            return None
        # `<a {% if … %}href="…"{% endif %}>`
        is_certain = "{%" not in self._source[tag.start : link.start]
        return self._certainty() if is_certain else Shown.SOMETIMES

    def _end(self, name: str) -> None:
        if name == "a":
            self._link = None
        if self._names[name]:
            while self._open:
                opened, hides, self._is_sizeless = self._open.pop()
                self._names[opened] -= 1
                self._hidden -= hides
                if opened == name:
                    break


def _hides(tag: Token) -> bool:
    if "hidden" in tag.attributes or tag.name in _NOT_SHOWN:
        return True
    return _HIDING.search(_style(tag)) is not None


def _is_sizeless(tag: Token, is_around: bool) -> bool:
    """Whether letters in it have no size. :param is_around: whether those around it have none."""
    sizes = _FONT_SIZE.findall(_style(tag))
    if not sizes:
        return is_around
    if _NO_SIZE.fullmatch(sizes[-1]):
        return True
    return is_around and _OWN_SIZE.fullmatch(sizes[-1]) is None


def _style(tag: Token) -> str:
    style = tag.attributes.get("style")
    return "" if style is None else "".join(targets.attribute_text(style.value).lower().split())


def _is_unescaped(tag: str) -> bool:
    """Whether a template tag may print markup."""
    return "safe" in tag and _OURS.fullmatch(tag) is None
