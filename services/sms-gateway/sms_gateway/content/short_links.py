"""Links of a text that become short ones: which they are, and the text with an address of ours in each one's place.

A link is what phones make one of: `http://` or `https://` up to a blank, without the punctuation of the sentence around
it. One that a template tag is part of leads everyone elsewhere and stays as it is written: nothing is kept of a
recipient that could say where to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from contracts import short_codes

VARIABLE = "wici_link_"
MOST_LINKS = 8
TARGET_MAX = 2_000
PATH = "/s/"
# What leads through us once more: a short link behind one of these could come back to itself.
_OWN_PATHS = ("/s/", "/t/", "/l/")
_TAG = re.compile(r"\{%-?\s*raw\b.*?\{%-?\s*endraw\b.*?%\}|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_LINK = re.compile(r"(?<![A-Za-z0-9])https?://[^\s<>\"`{}|\\^]+", re.IGNORECASE)
_SENTENCE = ".,;:!?'\u201d\u2019\u00bb]"


class LinkRefused(ValueError):
    """A link that cannot be shortened. `code` is a stable slug, the text for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Cut:
    """A text cut at its links: `pieces` around them, and of each link its number among `targets`.

    :ivar address: of our short links, up to the code: `https://wici.example/s/`.
    """

    pieces: Sequence[str]
    numbers: Sequence[int]
    targets: Sequence[str]
    address: str

    def filled(self, links: Sequence[str]) -> str:
        """The text with these links, one for each target."""
        return self._joined([links[number] for number in self.numbers])

    @property
    def template(self) -> str:
        """The text with a variable in each link's place."""
        return self._joined([f"{{{{ {VARIABLE}{number} }}}}" for number in self.numbers])

    @property
    def samples(self) -> list[str]:
        """Links as long as real ones, and in the same alphabet."""
        return [self.address + short_codes.SAMPLE] * len(self.targets)

    def _joined(self, links: Sequence[str]) -> str:
        return "".join(piece + link for piece, link in zip(self.pieces, [*links, ""], strict=True))


def variables(links: Sequence[str]) -> Mapping[str, str]:
    """What a template is given besides a recipient's fields."""
    return {f"{VARIABLE}{number}": link for number, link in enumerate(links)}


def cut(text: str, *, address: str, is_template: bool) -> Cut:
    """:raises LinkRefused: there are too many links, or one is no web address, is too long or leads back to us."""
    pieces, numbers, targets = [], [], dict[str, int]()
    position = 0
    for start, end in _links(text, is_template=is_template):
        target = text[start:end]
        _ensure_target(target, address)
        pieces.append(text[position:start])
        numbers.append(targets.setdefault(target, len(targets)))
        position = end
    if len(targets) > MOST_LINKS:
        raise LinkRefused("link.too_many", f"A text has at most {MOST_LINKS} short links.")
    return Cut([*pieces, text[position:]], numbers, list(targets), address)


def _links(text: str, *, is_template: bool) -> Iterator[tuple[int, int]]:
    tags = [match.span() for match in _TAG.finditer(text)] if is_template else []
    position = 0
    for start, end in [*tags, (len(text), len(text))]:
        for match in _LINK.finditer(text, position, start):
            if match.end() < start or start == len(text):  # else a tag goes on with it
                yield match.start(), match.start() + _length(match[0])
        position = end


def _length(link: str) -> int:
    """Without the end of the sentence; a bracket that opens within the link closes within it."""
    while link[-1] in _SENTENCE or (link[-1] == ")" and link.count(")") > link.count("(")):
        link = link[:-1]
    return len(link)


def _ensure_target(target: str, address: str) -> None:
    if len(target) > TARGET_MAX:
        raise LinkRefused("link.too_long", f"A link has at most {TARGET_MAX} characters.")
    try:
        parts, own = urlsplit(target), urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or "@" in parts.netloc:
        raise LinkRefused("link.invalid", "A link leads to no web address.")
    if host == own.hostname and parts.path.startswith(_OWN_PATHS):
        raise LinkRefused("link.loop", "A link leads to one of our own short links.")
