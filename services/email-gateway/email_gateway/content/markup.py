"""HTML in template form: find and rewrite its links, add the preheader and the open pixel, derive a text part.

These work on the template, once per content, so that nothing of it is paid per recipient.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

from email_gateway.content import html_tokens, targets
from email_gateway.content.html_tokens import Kind, Token
from email_gateway.content.link_places import is_link

_OPENING = re.compile(r"\{[{%#]")
_MARK = re.compile(r"wicitag(\d{1,9})x", re.IGNORECASE)
_TEXT_LINK = re.compile(r"\[([^\[\]]*)\]\(")
_TARGET_END = re.compile(r"[\s)]")
_LINES = frozenset(("div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "table", "tr", "ul"))
_EMPTY_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")


def rewrite_links(source: str, replace: Callable[[str], str | None], *, is_template: bool = True) -> str:
    """The source with the target of each link replaced by what `replace(target)` gives; None leaves it as it is.

    Links are `<a>`, `<area>`, and Outlook's own shapes (`<v:roundrect>`) in its conditional comments. The target comes
    as a browser reads it: character references resolved, template tags untouched.
    """
    pieces, position = [], 0
    read = targets.attribute_text if is_template else targets.plain_attribute_text
    for token in html_tokens.tokens(source, is_template=is_template):
        if is_link(token):
            link = token.attributes["href"]
            replacement = replace(read(link.value.strip()))
            if replacement is not None:
                pieces += [source[position : link.start], f'"{replacement}"']
                position = link.end
    return "".join(pieces) + source[position:]


def with_literal_styles(source: str) -> str:
    """The source with the braces of its styles and scripts printed as they are: `){#id{` is CSS and no comment.

    One with the attribute `data-template` is part of the template.
    """
    pieces, position = [], 0
    for token in html_tokens.tokens(source):
        if token.kind is Kind.RAW and token.name in ("style", "script") and "data-template" not in token.attributes:
            literal = _OPENING.sub(lambda opening: "{{ '" + opening[0] + "'|safe }}", source[token.start : token.end])
            pieces += [source[position : token.start], literal]
            position = token.end
    return "".join(pieces) + source[position:]


def with_preheader(source: str, preheader: str) -> str:
    """The preheader, which may hold template tags, as a hidden block, first in the body that every client reads."""
    hidden = (
        '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px;line-height:1px;opacity:0">'
        f"{html_tokens.outside_of_tags(preheader, html.escape)}</div>"
    )
    place = 0  # where there is no body, behind the head: before the doctype it would change the layout
    for token in html_tokens.tokens(source):
        if _is_body(token, Kind.START):
            place = token.end
            break
        if (token.kind, token.name) in _BEFORE_BODY and not token.is_conditional:
            place = token.end
    return source[:place] + hidden + source[place:]


_BEFORE_BODY = ((Kind.START, "html"), (Kind.END, "head"))


def with_pixel(source: str, url: str, *, is_template: bool = True) -> str:
    """An open pixel at the end of the body."""
    pixel = f'<img src="{url}" width="1" height="1" alt="" style="display:block;border:0;width:1px;height:1px">'
    return at_the_end(source, pixel, is_template=is_template)


def at_the_end(source: str, addition: str, *, is_template: bool = True) -> str:
    """The addition as the last of the body that every client reads."""
    tokens = html_tokens.tokens(source, is_template=is_template)
    ends = [token.start for token in tokens if _is_body(token, Kind.END)]
    place = ends[-1] if ends else len(source)
    return source[:place] + addition + source[place:]


def _is_body(token: Token, kind: Kind) -> bool:
    return token.kind is kind and token.name == "body" and not token.is_conditional


def text_of(source: str, is_valid: Callable[[str], bool]) -> str | None:
    """A text part in template form for HTML in template form, or None where none can be derived.

    Template tags travel through the conversion as marks. A converter may move a mark that stands between table rows
    and so tear an `if` from its `endif`; then a plainer conversion, which keeps the order, is taken.

    :param is_valid: whether a text is a template that compiles.
    """
    tags: list[str] = []

    def mark(tag: str) -> str:
        tags.append(tag)
        return f"wicitag{len(tags) - 1}x"

    marked = html_tokens.outside_of_tags(source, str, mark)
    for convert in (_laid_out, _plain):
        text = _MARK.sub(lambda found: tags[int(found[1])] if int(found[1]) < len(tags) else found[0], convert(marked))
        if is_valid(text):
            return text
    return None


_LAYOUT = ParserConfig(css=CSS_PROFILES["strict"], display_links=True)


def _laid_out(marked: str) -> str:
    try:
        text = get_text(marked, _LAYOUT)
    except Exception:  # any failure of the parser on odd markup means: take the plain way
        return _plain(marked)
    return _tidy(_written_out(text))


def _written_out(text: str) -> str:
    """`[words](target)` as `words (target)`. What a target ends with is looked for once, however many begin."""
    pieces, position, end = [], 0, 0
    for found in _TEXT_LINK.finditer(text):
        if found.start() < position:
            continue
        if end < found.end():
            stop = _TARGET_END.search(text, found.end())
            end = stop.start() if stop else len(text)
        if found.end() < end and text.startswith(")", end):
            words, target = found[1], text[found.end() : end]
            pieces += [text[position : found.start()], f"{words} ({target})" if words.strip() else target]
            position = end + 1
    return "".join(pieces) + text[position:]


def _plain(marked: str) -> str:
    pieces, target = [], ""
    for token in html_tokens.tokens(marked, is_template=False):
        if token.is_conditional:
            continue
        if token.kind is Kind.TEXT:
            pieces.append(html.unescape(marked[token.start : token.end]))
        elif token.kind is Kind.START and token.name == "a":
            target = token.attributes["href"].value if "href" in token.attributes else ""
        elif token.kind is Kind.END and token.name == "a" and target:
            pieces.append(f" ({html.unescape(target)})")
            target = ""
        elif token.name == "br" or (token.kind is Kind.END and token.name in _LINES):
            pieces.append("\n")
    return _tidy("".join(pieces))


def _tidy(text: str) -> str:
    stripped = "\n".join(re.sub(r"[ \t\xa0]+", " ", line).strip() for line in text.splitlines())
    return _EMPTY_LINES.sub("\n\n", stripped).strip() + "\n"
