"""Domain names on the wire: lower-case A-labels by IDNA 2008 (RFC 5891), with the mapping of UTS 46 before.

Python's own codec is IDNA 2003, by which `straße.example` is `strasse.example`: a stranger's domain, to which mail and
password resets would go. No other code writes a domain in ASCII; a test looks for it.
"""

from __future__ import annotations

import idna

MAX_LABEL = 63


def ascii_domain(domain: str) -> str:
    """`Żółw.example` → `xn--w-uga1v8h.example`; an ASCII name in lower case, whatever stands before its names.

    :raises UnicodeError: it has no such form.
    """
    if not domain.isascii():
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii")
    name = domain.lower()
    if not all(0 < len(label) <= MAX_LABEL for label in name.removesuffix(".").split(".")):
        raise UnicodeError("a label is empty or too long")
    return name
