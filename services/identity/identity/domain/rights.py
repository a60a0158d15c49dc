"""Sets of permissions: what is known, what a key may hold of its maker's rights."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from contracts.errors import Invalid
from contracts.permissions import PERMISSIONS, SESSION_ONLY, is_granted
from identity.exceptions import scopes_beyond_rights


def ensure_known(permissions: Iterable[str], *, field: str) -> list[str]:
    """The permissions without repeats, sorted; raises `Invalid` for one that does not exist."""
    known = sorted(set(permissions))
    for name in known:
        if name not in PERMISSIONS:
            raise Invalid.of_field(field, "permission.unknown", f"There is no permission {name!r}.", name=name)
    return known


def ensure_scopes(scopes: Iterable[str], held: Collection[str]) -> list[str]:
    """The scopes of a new key, which must all be granted by what its maker holds.

    :raises Invalid: an unknown scope, or one that only a session may hold.
    :raises Forbidden: beyond the maker's rights.
    """
    known = ensure_known(scopes, field="scopes")
    for name in known:
        if name in SESSION_ONLY:
            raise Invalid.of_field(
                "scopes", "permission.session_only", f"{name} is for logged-in sessions only.", name=name
            )
    beyond = [name for name in known if not is_granted(name, held)]
    if beyond:
        raise scopes_beyond_rights(beyond)
    return known


def common_rights(scopes: Collection[str], held: Collection[str]) -> list[str]:
    """What a key may do now: its scopes as far as its maker still holds them."""
    kept = {name for name in scopes if is_granted(name, held)}
    kept |= {name for name in held if is_granted(name, scopes)}
    return sorted(kept - SESSION_ONLY)


def allowed(held: Collection[str], *, is_key: bool) -> list[str]:
    """Each permission of the tree that `held` grants, without those that no key may use where a key asks."""
    return sorted(name for name in PERMISSIONS if is_granted(name, held) and not (is_key and name in SESSION_ONLY))
