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

# The repetition is bounded, so that a page of `<a` without an end costs no square of its length.
_HREF = re.compile(
    r"""(<a(?=\s)(?:[^>"']|"[^"]{0,4000}"|'[^']{0,4000}'){0,400}?\shref\s*=\s*)"""
    r"""(?:"([^"]{0,4000})"|'([^']{0,4000})'|([^\s"'>]{1,4000}))""",
    re.IGNORECASE,
)
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_BODY_OPEN = re.compile(r"<body\b[^>]{0,4000}>", re.IGNORECASE)
_BODY_CLOSE = re.compile(r"</body\s*>", re.IGNORECASE)
_MARK = re.compile(r"wicitag(\d{1,9})x", re.IGNORECASE)
_TEXT_LINK = re.compile(r"\[([^\[\]]*)\]\((\S+?)\)")
_INVISIBLE = re.compile(r"<!--.*?-->|<(style|script|head|title)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_ANCHOR = re.compile(
    r"""<a\b[^>]{0,2000}?\shref\s*=\s*["']([^"']{1,4000})["'][^>]{0,2000}>(.{0,4000}?)</a\s*>""", re.I | re.S
)
_BREAK = re.compile(r"<br\b[^>]*>|</(?:p|div|tr|h[1-6]|li|table|ul|ol)\s*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^>]{0,4000}>")
_EMPTY_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")


def rewrite_links(source: str, replace: Callable[[str], str | None]) -> str:
    """The source with each `<a href>` target replaced by what `replace(target)` gives; None leaves it as it is.

    The target comes with HTML entities resolved outside template tags, as a browser would read it.
    """

    def substitute(match: re.Match[str]) -> str:
        target = next(group for group in match.groups()[1:] if group is not None)
        replacement = replace(_unescaped(target.strip()))
        return match[0] if replacement is None else f'{match[1]}"{replacement}"'

    return _HREF.sub(substitute, source)


def _unescaped(target: str) -> str:
    """Entities resolved, template tags untouched."""
    result, position = [], 0
    for tag in _TAG.finditer(target):
        result += [html.unescape(target[position : tag.start()]), tag[0]]
        position = tag.end()
    return "".join(result) + html.unescape(target[position:])


def is_dynamic(target: str) -> bool:
    return _TAG.search(target) is not None


def with_preheader(source: str, preheader: str) -> str:
    """The preheader as a hidden block, first in the body; `preheader` may hold template tags."""
    hidden = (
        '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px;line-height:1px;opacity:0">'
        f"{_escaped(preheader)}</div>"
    )
    match = _BODY_OPEN.search(source)
    return source[: match.end()] + hidden + source[match.end() :] if match else hidden + source


def _escaped(text: str) -> str:
    result, position = [], 0
    for tag in _TAG.finditer(text):
        result += [html.escape(text[position : tag.start()]), tag[0]]
        position = tag.end()
    return "".join(result) + html.escape(text[position:])


def with_pixel(source: str, url: str) -> str:
    """An open pixel at the end of the body."""
    pixel = f'<img src="{url}" width="1" height="1" alt="" style="display:block;border:0;width:1px;height:1px">'
    ends = list(_BODY_CLOSE.finditer(source))
    return source[: ends[-1].start()] + pixel + source[ends[-1].start() :] if ends else source + pixel


def text_of(source: str, is_valid: Callable[[str], bool]) -> str | None:
    """A text part in template form for HTML in template form, or None where none can be derived.

    Template tags travel through the conversion as marks. A converter may move a mark that stands between table rows
    and so tear an `if` from its `endif`; then a plainer conversion, which keeps the order, is taken.

    :param is_valid: whether a text is a template that compiles.
    """
    tags: list[str] = []

    def mark(match: re.Match[str]) -> str:
        tags.append(match[0])
        return f"wicitag{len(tags) - 1}x"

    marked = _TAG.sub(mark, source)
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
    text = _TEXT_LINK.sub(lambda found: f"{found[1]} ({found[2]})" if found[1].strip() else found[2], text)
    return _tidy(text)


def _plain(marked: str) -> str:
    visible = _INVISIBLE.sub("", marked)
    visible = _ANCHOR.sub(lambda found: f"{found[2]} ({found[1]})", visible)
    visible = _BREAK.sub("\n", visible)
    return _tidy(html.unescape(_ANY_TAG.sub("", visible)))


def _tidy(text: str) -> str:
    stripped = "\n".join(re.sub(r"[ \t\xa0]+", " ", line).strip() for line in text.splitlines())
    return _EMPTY_LINES.sub("\n\n", stripped).strip() + "\n"
