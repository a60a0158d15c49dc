"""Campaign parameters of web analytics (`utm_source` and so on) in the targets of links."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote_plus

NAMES = ("source", "medium", "campaign", "term", "content")


def with_utm(target: str, utm: Mapping[str, str | None] | None) -> str:
    """The address with the parameters of `utm` that it does not have already; those that it has stay as they are.

    :param target: an absolute web address. :param utm: by name without `utm_`; what is empty is left out.
    """
    address, hash_mark, fragment = target.partition("#")
    path, _, query = address.partition("?")
    present = {unquote_plus(part.partition("=")[0]) for part in query.split("&")}
    added = "&".join(
        f"utm_{name}={quote(value, safe='')}"
        for name in NAMES
        if (value := (utm or {}).get(name)) and f"utm_{name}" not in present
    )
    if not added:
        return target
    between = "" if query.endswith("&") or not query else "&"
    return f"{path}?{query}{between}{added}{hash_mark}{fragment}"
