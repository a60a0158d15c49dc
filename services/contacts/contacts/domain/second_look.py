"""A second look at cells that are no address as they stand: what people and programs write around one.

Only where the first look found nothing, so that what is plainly an address costs nothing more. Each answers the value
(None: there is none) and the code of what is to be told: of a cell with several addresses that the first good one was
taken, of a cell with none why.
"""

from __future__ import annotations

import re
import unicodedata

from contacts.domain.emails import normalise
from contacts.domain.phones import to_e164

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


def _told(found: str | None, wrong: str, right: str | None = None) -> Looked:
    return (found, right) if found else (None, wrong)
