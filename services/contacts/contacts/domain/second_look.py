"""A second look at cells that are no address as they stand: what people and programs write around one.

Only where the first look found nothing, so that what is plainly an address costs nothing more. Each answers the value
(None: there is none) and the code of what is to be told: of a cell with several addresses that the first good one was
taken, of a cell with none why.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from contacts.domain.emails import normalise
from contacts.domain.phones import SEPARATORS, spellings, to_e164

MAX_LOOK = 500
MAX_PARTS = 10
ENOUGH_DIGITS = 7
Looked = tuple[str | None, str | None]

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u202a\u202c\ufeff"))
_PARTS = re.compile(r"[;,|\n/]+|:::|\s+(?:lub|albo|oraz|i|or|and)\s+")
_EXPONENT = re.compile(r"([0-9])(?:[.,]([0-9]+))?E\+?([0-9]{1,2})", re.IGNORECASE)
_LABEL = re.compile(r"\A[^\W\d_][^\W\d]{0,14}(?:[. ]{1,2}[^\W\d_]{1,10})?[.: ]*(?=[+(0-9])")
_EXTENSION = re.compile(r"\s*(?:ext|wewn|wew|w|x|#)\.?\s*[0-9]{1,6}\Z", re.IGNORECASE)
_TRUNK = re.compile(r"\(0\)")
_ANGLED = re.compile(r"<([^<>]+)>")
_AROUND = " \t\r\n.,;:<>()[]\"'"
_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}\Z")
_DOMAIN = re.compile(r"[\w.-]{1,253}")
_STUCK = re.compile(r"[^\w.+-]+|\A[.+-]+")  # what may stand before an address without a space, `=ola@x.example`
_CUT = re.compile(r"[._-]")  # where a domain may end, of `ola@x.example.Zadzwonić`
_DIGITS = re.compile(r"\+?[0-9]+")
MOST_CUTS = 8  # of one address, before and after
FEWEST_DIGITS, MOST_DIGITS = 5, 17  # of a number, `00` before it included


def phone(raw: str, region: str) -> Looked:
    """`48600100214.0`, `+48 (0) 600 100 217`, `tel. 600 100 200`, `22 123 45 67 wew. 12`, several in a cell."""
    text = unicodedata.normalize("NFKC", raw[:MAX_LOOK]).translate(_INVISIBLE).strip()
    if exponent := _EXPONENT.fullmatch(text):
        digits = exponent[1] + (exponent[2] or "")
        if len(digits) != int(exponent[3]) + 1:
            return None, "phone.shortened"
        return _told(to_e164(digits, region), "phone.invalid")
    if found := _one_phone(text, region):
        return found, None
    parts = [part for part in _PARTS.split(text)[:MAX_PARTS] if part.strip()]
    for part in parts:
        if found := _one_phone(part.strip(), region):
            return found, "phone.several"
        if 0 < sum(map(str.isdigit, part)) < ENOUGH_DIGITS:
            break  # what comes next may be the rest of this one
    return None, "phone.invalid"


def _one_phone(text: str, region: str) -> str | None:
    bare = _EXTENSION.sub("", _TRUNK.sub("", _LABEL.sub("", text)))
    return to_e164(bare, region) if bare else None


def email(raw: str) -> Looked:
    """`Jan <a@x.pl>`, `mailto:a@x.pl`, a dot or comma after it, spaces of no width, several in a cell."""
    text = unicodedata.normalize("NFKC", raw[:MAX_LOOK]).translate(_INVISIBLE).strip()
    if found := _one_email(text):
        return found, None
    parts = [part for part in _PARTS.split(text)[:MAX_PARTS] if part.strip(_AROUND)]
    if not all("@" in part for part in parts):
        return None, "email.invalid"  # `jan,nowak@x.pl` is not nowak@x.pl, who is somebody else
    found = next(filter(None, map(_one_email, parts)), None)
    return _told(found, "email.invalid", "email.several")


def _one_email(text: str) -> str | None:
    angled = _ANGLED.findall(text)
    bare = angled[0] if len(angled) == 1 else text
    bare = bare.strip(_AROUND)
    if bare[:7].lower() == "mailto:":
        bare = bare[7:].partition("?")[0].strip(_AROUND)
    return normalise(bare) if bare else None


def every(raw: str, region: str) -> set[str]:
    """Every address that may stand in a cell, whatever stands around it, as it would be kept.

    For finding people who must not be there, among whose addresses they are looked for: whether one is valid, which
    costs 20 µs to tell, is known by that.
    """
    text = unicodedata.normalize("NFKC", raw).translate(_INVISIBLE)
    found: set[str | None] = set()
    if "@" in text:
        found.update(one.lower() if one.isascii() else normalise(one) for one in _emails_in(text))
    if sum(map(str.isdigit, text)) >= FEWEST_DIGITS:
        for number in _numbers_in(_TRUNK.sub(" ", text.replace("'", ""))):
            found.update(spellings(number, region))
        if _EXPONENT.fullmatch(text.strip()):
            found.add(phone(raw, region)[0])
    return {address for address in found if address}


def _emails_in(text: str) -> Iterator[str]:
    """What may be an e-mail address, around each at sign."""
    yield text.strip()
    for at in (place for place, character in enumerate(text) if character == "@"):
        local, domain = _LOCAL.search(text, max(0, at - 64), at), _DOMAIN.match(text, at + 1)
        if local is None or domain is None:
            continue
        begins = [0, *(stuck.end() for stuck in _STUCK.finditer(local[0]))]
        ends = [cut.start() for cut in _CUT.finditer(domain[0]) if "." in domain[0][: cut.start()]]
        for begin in begins[-MOST_CUTS:]:
            for end in [len(domain[0]), *ends[:MOST_CUTS]]:
                yield f"{local[0][begin:]}@{domain[0][:end].strip('.-_')}"


def _numbers_in(text: str) -> Iterator[str]:
    """What may be a phone number: digits that stand side by side, with nothing between but what separates digits."""
    pieces = list(_DIGITS.finditer(text))
    for first, piece in enumerate(pieces):
        number, end = piece[0], piece.end()
        for following in [None, *pieces[first + 1 :]]:
            if following is not None:
                if following[0][0] == "+" or text[end : following.start()].translate(SEPARATORS):
                    break
                number, end = number + following[0], following.end()
            if len(number) > MOST_DIGITS:
                break
            if len(number) >= FEWEST_DIGITS:
                yield number


def _told(found: str | None, wrong: str, right: str | None = None) -> Looked:
    return (found, right) if found else (None, wrong)
