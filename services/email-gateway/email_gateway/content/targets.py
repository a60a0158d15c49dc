"""Where a link leads: the address that a browser would open from the mail as it was written.

Parsed by ada, which follows the WHATWG URL Standard (https://url.spec.whatwg.org); character references by HTML's rules
for attributes (https://html.spec.whatwg.org/multipage/parsing.html#named-character-reference-state).
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from html.entities import html5
from itertools import takewhile

import can_ada

from channel.utm import with_utm
from email_gateway.content import html_tokens

LONGEST = 4000  # characters; with its token around it, an address still fits into a request line
_ENDING = str.maketrans({'"': "%22", "<": "%3C", ">": "%3E"})
_REFERENCE = re.compile(r"&(?:#(?:\d{1,8}|[xX][0-9a-fA-F]{1,6});?|([A-Za-z][A-Za-z0-9]{1,31};?))")


def web_address(target: str) -> str | None:
    """The target in the form in which it is requested, or None where it is no absolute `http` or `https` address."""
    if len(target) > LONGEST:
        return None
    try:
        address = can_ada.parse(target)
    except ValueError:
        return None
    href: str = address.href
    return href if address.protocol in ("http:", "https:") and address.host and len(href) <= LONGEST else None


def with_parameters(address: str, utm: Mapping[str, str | None] | None) -> str:
    """The address with its campaign parameters, as far as it may still be as long as that."""
    longer = with_utm(address, utm)
    return longer if len(longer) <= LONGEST else address


def shared_length(source: str, address: str) -> int:
    """How many characters of a rendered address are what its source says literally before the first template tag."""
    first = next(html_tokens.template_tags(source), (len(source), 0))[0]
    literal = source[:first]
    return max(_common(form, address) for form in (literal, web_address(literal) or ""))


def _common(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def harmless(target: str) -> str:
    """A target that is no web address, so that it ends no attribute of the HTML in which it is printed."""
    return target.translate(_ENDING)


def is_dynamic(target: str) -> bool:
    return next(html_tokens.template_tags(target), None) is not None


def attribute_text(value: str) -> str:
    """An attribute's value with its character references resolved; template tags untouched.

    A reference without its semicolon is none where a letter, a digit or `=` follows: `&region=` stays what it is.
    """
    return html_tokens.outside_of_tags(value, lambda piece: _REFERENCE.sub(_character, piece))


def plain_attribute_text(value: str) -> str:
    """The same of an attribute that is no template."""
    return _REFERENCE.sub(_character, value)


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        return html.unescape(match[0])
    if name in html5:
        if name.endswith(";"):
            return html5[name]
        known = name
    else:
        bare = name.removesuffix(";")
        known = next((bare[:size] for size in range(min(len(bare), 6), 1, -1) if bare[:size] in html5), "")
    if not known:
        return match[0]
    following = match.string[match.start() + 1 + len(known) :][:1]
    if following == "=" or (following.isascii() and following.isalnum()):
        return match[0]
    return html5[known] + match[0][1 + len(known) :]
