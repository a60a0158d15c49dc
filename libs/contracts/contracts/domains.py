"""Domain names on the wire: lower-case A-labels by IDNA 2008 (RFC 5891), with the mapping of UTS 46 before.

Python's own codec is IDNA 2003, by which `straße.example` is `strasse.example`: a stranger's domain, to which mail and
password resets would go. No other code writes a domain in ASCII; a test looks for it.
"""

from __future__ import annotations

import idna

MAX_LABEL, MAX_NAME = 63, 253  # octets (RFC 1035, section 2.3.4: 255 with the lengths of the labels and the root)


def ascii_domain(domain: str) -> str:
    """`Żółw.example` → `xn--w-uga1v8h.example`; an ASCII name in lower case, whatever stands before its names.

    :raises UnicodeError: it has no such form.
    """
    if not domain.isascii():
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii")
    name = domain.lower()
    labels = name.removesuffix(".").split(".")
    if not all(0 < len(label) <= MAX_LABEL for label in labels) or len(name.removesuffix(".")) > MAX_NAME:
        raise UnicodeError("the name or a label of it is empty or too long")
    return name
