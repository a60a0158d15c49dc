"""HTML in template form, cut into tags, texts and template tags, each with its place in the source.

The rules are those by which a browser cuts (https://html.spec.whatwg.org/multipage/parsing.html#tokenization), for what
a mail holds: comments, raw texts, attributes quoted or not; with two additions. A template tag is one piece wherever it
stands, so a `>`, a quote or a `-->` inside of it ends nothing. And what stands in a conditional comment is cut too, for
Outlook shows it. Each character is looked at a bounded number of times, whatever the source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

_TEMPLATE_TAG = re.compile(
    r"""\{\{(?:[^"'}]|"(?:\\.|[^"\\])*+"|'(?:\\.|[^'\\])*+'|\}(?!\}))*+\}\}"""
    r"""|\{%(?:[^"'%]|"(?:\\.|[^"\\])*+"|'(?:\\.|[^'\\])*+'|%(?!\}))*+%\}"""
    r"""|\{\#.*?\#\}""",
    re.DOTALL,
)
MOST_ENDLESS = 20
RAW_TEXT = frozenset(("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"))

_OPENING = re.compile(r"\{[{%#]")
_STOP = re.compile(r"<|\{[{%#]")
_SPACE = " \t\n\r\f"
_NAME = re.compile(r"[^ \t\n\r\f/>]+")
_ATTRIBUTE_NAME = re.compile(r"=?[^ \t\n\r\f/>={]*")
_UNQUOTED = re.compile(r"[^ \t\n\r\f>{]+")
_CONDITION = re.compile(r"<!--\[if[^\]>]{0,200}\]>(?!<!-->|-->)", re.IGNORECASE)
_COMMENT_END = "--!?>"


class Kind(Enum):
    TEXT = "text"
    START = "start tag"
    END = "end tag"
    RAW = "raw text"  # what is inside of a `style`, a `script` or another of RAW_TEXT
    TEMPLATE = "template tag"  # between tags; one inside of a tag belongs to it


@dataclass(frozen=True, slots=True)
class Attribute:
    """`start` and `end` are where the value stands, its quotes included; equal where there is none."""

    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Token:
    """:ivar name: of the element, in lower case; of a raw text its element's.
    :ivar is_conditional: in a conditional comment, which Outlook alone reads.
    """

    kind: Kind
    start: int
    end: int
    name: str = ""
    attributes: dict[str, Attribute] = field(default_factory=dict)
    is_conditional: bool = False


def tokens(source: str, *, is_template: bool = True) -> Iterator[Token]:
    """Everything but comments, in order; a tag that does not end is none, as for a browser.

    :param is_template: False for what was rendered, in which braces mean nothing.
    """
    return _Cutter(source, is_template=is_template).tokens(0, len(source), is_conditional=False)


def template_tags(text: str) -> Iterator[tuple[int, int]]:
    """Where the template tags of a text begin and end."""
    cutter, position = _Cutter(text), 0
    while (found := _OPENING.search(text, position)) is not None:
        tag = cutter.template_tag(found.start(), len(text))
        if tag is not None:
            yield tag.span()
        position = tag.end() if tag else found.end()


def outside_of_tags(text: str, change: Callable[[str], str], change_tag: Callable[[str], str] = str) -> str:
    """The text with what stands between its template tags changed, and the tags where that is asked for."""
    pieces, position = [], 0
    for start, end in template_tags(text):
        pieces += [change(text[position:start]), change_tag(text[start:end])]
        position = end
    return "".join(pieces) + change(text[position:])


class _Cutter:
    """Cuts one source. What is called a template tag and does not end is text: such a template does not compile."""

    def __init__(self, source: str, *, is_template: bool = True) -> None:
        self._source = source
        self._is_template = is_template
        self._endless = 0  # template tags without an end; each look at one may go through all of the source

    def template_tag(self, position: int, end: int) -> re.Match[str] | None:
        if not self._is_template or self._endless >= MOST_ENDLESS:
            return None
        found = _TEMPLATE_TAG.match(self._source, position, end)
        if found is None and self._source.startswith(("{{", "{%", "{#"), position):
            self._endless += 1
        return found

    def tokens(self, position: int, end: int, *, is_conditional: bool) -> Iterator[Token]:
        text_from = position
        while (found := _STOP.search(self._source, position, end)) is not None:
            start = found.start()
            after, tag = self._piece(start, end, is_conditional)
            if after == start:  # a bare `<`, or a brace that opens nothing: text
                position = found.end()
                continue
            if start > text_from:
                yield Token(Kind.TEXT, text_from, start, is_conditional=is_conditional)
            if not is_conditional and (condition := _CONDITION.match(self._source, start, end)) is not None:
                yield from self._conditional(condition.end(), end)
            if tag is not None:
                yield tag
                if tag.kind is Kind.START and tag.name in RAW_TEXT:
                    raw = self._raw_text(tag, end)
                    yield raw
                    after = raw.end
            text_from = position = after
        if end > text_from:
            yield Token(Kind.TEXT, text_from, end, is_conditional=is_conditional)

    def _conditional(self, position: int, end: int) -> Iterator[Token]:
        close = self._outside_of_tags(_COMMENT_END, position, end)
        return self.tokens(position, close.start() if close else end, is_conditional=True)

    def _raw_text(self, tag: Token, end: int) -> Token:
        pattern = rf"</{tag.name}(?=[ \t\n\r\f/>])"
        if tag.name in ("style", "script") and "data-template" not in tag.attributes:  # literal: `markup`
            close = re.compile(pattern, re.IGNORECASE).search(self._source, tag.end, end)
        else:
            close = self._outside_of_tags(pattern, tag.end, end)
        stop = close.start() if close else end
        return Token(Kind.RAW, tag.end, stop, tag.name, tag.attributes, tag.is_conditional)

    def _piece(self, position: int, end: int, is_conditional: bool) -> tuple[int, Token | None]:
        """Where the markup or the template tag ends that begins here, and its token; `position` where there is none."""
        if self._source[position] == "<":
            return self._markup(position, end, is_conditional)
        tag = self.template_tag(position, end)
        if tag is None:
            return position, None
        return tag.end(), Token(Kind.TEMPLATE, position, tag.end(), is_conditional=is_conditional)

    def _markup(self, position: int, end: int, is_conditional: bool) -> tuple[int, Token | None]:
        """Where the markup at `<` ends, and its tag; `position` itself where it is no markup."""
        if self._source.startswith("<!--", position):
            if self._source.startswith((">", "->"), position + 4):
                return self._source.index(">", position) + 1, None
            close = self._outside_of_tags(_COMMENT_END, position + 4, end)
            return (close.end() if close else end), None
        following = self._source[position + 1 : position + 2]
        if following in ("!", "?"):
            return self._behind_bogus(position, end), None
        if following == "/":
            if not _is_letter(self._source[position + 2 : position + 3]):
                return (self._behind_bogus(position, end), None) if position + 2 < end else (position, None)
            return self._tag(position, position + 2, end, Kind.END, is_conditional)
        if not _is_letter(following):
            return position, None
        return self._tag(position, position + 1, end, Kind.START, is_conditional)

    def _tag(self, start: int, position: int, end: int, kind: Kind, is_conditional: bool) -> tuple[int, Token | None]:
        name = _NAME.match(self._source, position, end)
        assert name is not None  # its first letter was seen
        attributes: dict[str, Attribute] = {}
        position = name.end()
        while position < end:
            if self._source[position] == ">":
                return position + 1, Token(kind, start, position + 1, name[0].lower(), attributes, is_conditional)
            if self._source[position] in _SPACE or self._source[position] == "/":
                position += 1
            elif (tag := self.template_tag(position, end)) is not None:
                position = tag.end()
            else:
                position, attribute = self._attribute(position, end)
                attributes.setdefault(attribute.name, attribute)
        return end, None

    def _attribute(self, position: int, end: int) -> tuple[int, Attribute]:
        name_from = position
        while True:
            found = _ATTRIBUTE_NAME.match(self._source, position, end)
            position = found.end() if found else position
            if self._source[position : position + 1] != "{" or position >= end:
                break
            tag = self.template_tag(position, end)
            position = tag.end() if tag else position + 1
        name, after = self._source[name_from:position].lower(), _behind_space(self._source, position, end)
        if self._source[after : after + 1] != "=" or after >= end:
            return position, Attribute(name, "", position, position)
        start = _behind_space(self._source, after + 1, end)
        quote = self._source[start : start + 1] if start < end else ""
        if quote and quote in "\"'":
            close = self._closing_quote(quote, start + 1, end)
            return min(close + 1, end), Attribute(name, self._source[start + 1 : close], start, min(close + 1, end))
        close = self._unquoted_end(start, end)
        return close, Attribute(name, self._source[start:close], start, close)

    def _closing_quote(self, quote: str, position: int, end: int) -> int:
        close = self._outside_of_tags(quote, position, end)
        return close.start() if close else end

    def _behind_bogus(self, position: int, end: int) -> int:
        """Where `<!doctype …>` ends, or another of what a browser takes for a comment."""
        close = self._outside_of_tags(">", position, end)
        return close.end() if close else end

    def _outside_of_tags(self, pattern: str, position: int, end: int) -> re.Match[str] | None:
        """The first place that fits and is in no template tag."""
        stop = re.compile(rf"(\{{[{{%#])|{pattern}", re.IGNORECASE)
        while (found := stop.search(self._source, position, end)) is not None:
            if found[1] is None:
                return found
            tag = self.template_tag(found.start(), end)
            position = tag.end() if tag else found.end()
        return None

    def _unquoted_end(self, position: int, end: int) -> int:
        while position < end:
            if (plain := _UNQUOTED.match(self._source, position, end)) is not None:
                position = plain.end()
            elif self._source[position] != "{":
                break
            else:
                tag = self.template_tag(position, end)
                position = tag.end() if tag else position + 1
        return position


def _behind_space(source: str, position: int, end: int) -> int:
    while position < end and source[position] in _SPACE:
        position += 1
    return position


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()
