"""How many there are in a list: said on its first page, counted as far as that is cheap."""

from __future__ import annotations

from contacts.usecases.views import View

COUNTED_MOST = 10_000


def known(total: int) -> View:
    """Of a number that is kept."""
    return {"total": total, "total_is_estimate": False}


def counted(found: int) -> View:
    """:param found: counted to one more than `COUNTED_MOST`."""
    return {"total": min(found, COUNTED_MOST), "total_is_estimate": found > COUNTED_MOST}


def unsaid() -> View:
    """Of a page that is not the first."""
    return {"total": None, "total_is_estimate": False}
