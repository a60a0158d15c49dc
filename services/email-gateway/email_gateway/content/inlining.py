"""CSS of style sheets written into the elements, for readers that show no `<style>`.

css-inline decides which rule holds for which element, on a copy without texts in which every element bears a number.
What it found is written into the source, of which nothing else changes: no template tag between table rows is moved,
no comment of Outlook's lost (decision 0063).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import css_inline

from email_gateway.content import html_tokens, targets
from email_gateway.content.html_tokens import Kind, Token

_NUMBER = "data-wici"
_DIGITS = re.compile(r"[0-9]{1,9}")
_OPENING = re.compile(r"\{[{%#]")
_NAME = re.compile(r"[a-z][a-z0-9:._-]*")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_MEDIA = re.compile(r"@media\b([^{}]*)\{((?:[^{}]*\{[^{}]*\})*)", re.IGNORECASE)
_BLOCK = re.compile(r"\{([^{}]*)\}")


def inlined(source: str, css: str = "") -> str:
    """The source with the rules of its `<style>`, or of `css` instead, in its elements; the styles stay.

    An element's own declarations come last, so that they win as before. A source that `loses_to_inlined` is left alone.
    """
    if not css and (loses_to_inlined(source) or not any(True for _ in _style_sheets(source))):
        return source
    copy, places = _numbered(source)
    styled = css_inline.inline(
        copy, inline_style_tags=not css, extra_css=css or None, keep_style_tags=True, load_remote_stylesheets=False
    )
    pieces, position = [], 0
    for number, style in _styles(styled, len(places)):
        token = places[number]
        if _OPENING.search(style):  # it would read as a template tag
            continue
        old = token.attributes.get("style")
        declared = html.escape(style.rstrip("; ")) + ";"
        if old is None:
            end = token.start + 1 + len(token.name)
            pieces += [source[position:end], f' style="{declared}"']
        else:
            end = old.end
            own = old.value if source[old.start : old.start + 1] in "\"'" else html.escape(old.value)
            quote = "'" if source[old.start : old.start + 1] == "'" and '"' in own else '"'
            new = f"{quote}{declared}{own}{quote}"
            pieces += [source[position : old.start], new if old.end > old.start else f"={new}"]
        position = end
    return "".join(pieces) + source[position:]


def loses_to_inlined(source: str) -> bool:
    """Whether rules for some screens lack `!important`, without which an inlined style has the last word."""
    for sheet in _style_sheets(source):
        for media in _MEDIA.finditer(_COMMENT.sub("", sheet)):
            declarations = [one for block in _BLOCK.findall(media[2]) for one in block.split(";") if one.strip()]
            if not all("!important" in one.lower().replace(" ", "") for one in declarations):
                return True
    return False


def _style_sheets(source: str) -> Iterator[str]:
    for token in html_tokens.tokens(source):
        if token.kind is Kind.RAW and token.name == "style" and not _is_left_alone(token):
            yield source[token.start : token.end]


def _is_left_alone(token: Token) -> bool:
    """Outlook's own, and styles that are part of the template."""
    return token.is_conditional or "data-template" in token.attributes


def _numbered(source: str) -> tuple[str, list[Token]]:
    """A copy of the elements, without their own styles, and of the style sheets; and the elements by their number."""
    pieces: list[str] = []
    places: list[Token] = []
    for token in html_tokens.tokens(source):
        if token.kind is Kind.RAW and token.name == "style" and not _is_left_alone(token):
            pieces.append(source[token.start : token.end])
        elif token.is_conditional or not _NAME.fullmatch(token.name):
            continue
        elif token.kind is Kind.END:
            pieces.append(f"</{token.name}>")
        elif token.kind is Kind.START:
            pieces.append(f'<{token.name} {_NUMBER}="{len(places)}"{_attributes(token)}>')
            places.append(token)
    return "".join(pieces), places


def _attributes(token: Token) -> str:
    """Those by which a selector may find the element; a template tag in one stands for some word."""
    return "".join(
        f' {one.name}="{html_tokens.outside_of_tags(one.value, str, lambda _: "wicitag").replace(chr(34), "&quot;")}"'
        for one in token.attributes.values()
        if one.name not in ("style", _NUMBER) and _NAME.fullmatch(one.name)
    )


def _styles(styled: str, numbers: int) -> Iterator[tuple[int, str]]:
    """Style by number, in the order of the source.

    A number that is none, or none of ours, is the author's own: what is text in the source may be an element in
    foreign content.
    """
    found: dict[int, str] = {}
    for token in html_tokens.tokens(styled, is_template=False):
        number, style = token.attributes.get(_NUMBER), token.attributes.get("style")
        if token.kind is not Kind.START or number is None or style is None or not _DIGITS.fullmatch(number.value):
            continue
        if (place := int(number.value)) < numbers:
            found.setdefault(place, targets.attribute_text(style.value).strip())
    return iter(sorted(found.items()))
