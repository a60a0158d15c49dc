"""Names that an author may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection

MOST_ASKED = 500  # names of one content
_LONGEST = 60


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that is spelled most like it, where one is like it at all."""
    return next(iter(difflib.get_close_matches(name[:_LONGEST].lower(), sorted(known), n=1, cutoff=0.6)), None)
