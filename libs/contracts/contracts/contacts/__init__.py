"""Contacts: payloads of its RPC, which are also the bodies of the public API; a module a noun, with its calls."""

from __future__ import annotations

from contracts.contacts import (
    archive,
    audiences,
    bulk,
    consents,
    devices,
    exports,
    fields,
    files,
    forms,
    frequency_caps,
    groups,
    growth,
    imports,
    jobs,
    people,
    privacy,
    segments,
    sign_ups,
)
from contracts.rpc import Call

_NOUNS = (
    people, consents, fields, groups, segments, files, imports, exports, archive, audiences, privacy, forms, sign_ups,
    bulk, jobs, frequency_caps, growth, devices,
)  # fmt: skip

RPC: dict[str, Call] = {name: call for noun in _NOUNS for name, call in noun.RPC.items()}
