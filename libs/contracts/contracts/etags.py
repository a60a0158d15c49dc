"""Which version of a thing somebody saw: strong entity tags (RFC 9110 section 8.8.3), the same in every process.

A tag is a digest of the thing as its `get_…` call shows it, but for what changes by itself and nobody edits
(`metadata={"volatile": True}`: the number of a group's members, the last use of a key). A service compares it after it
has locked the thing's row and before it changes it, in one transaction: of two that saw the same, one comes too late.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

import marshmallow

from contracts.errors import PreconditionFailed
from contracts.schema import dump

TAG_LENGTH = 22


def tag_of(schema: type[marshmallow.Schema], shown: Mapping[str, Any]) -> str:
    """The tag of a thing, without quotes. :param shown: as it travels: what `dump(schema, …)` makes."""
    volatile = _volatile(schema)
    steady = {name: value for name, value in shown.items() if name not in volatile}
    written = json.dumps(steady, sort_keys=True, separators=(",", ":"), default=str)
    return urlsafe_b64encode(sha256(written.encode()).digest()).decode()[:TAG_LENGTH]


def ensure_current(if_match: Collection[str] | None, schema: type[marshmallow.Schema], thing: Any) -> None:
    """Refuse to change what is not what the caller saw. The thing's row is locked by now.

    :param if_match: tags that the caller takes for current; None: any.
    :raises PreconditionFailed: with the current tag.
    """
    if if_match is None:
        return
    current = tag_of(schema, dump(schema, thing))
    if current not in if_match:
        raise PreconditionFailed(
            "precondition.failed", "It has been changed since you looked: look again.", {"etag": f'"{current}"'}
        )


@cache
def _volatile(schema: type[marshmallow.Schema]) -> frozenset[str]:
    described = schema().fields.items()
    return frozenset(field.data_key or name for name, field in described if field.metadata.get("volatile"))
