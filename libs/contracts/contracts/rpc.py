"""How a call between services is described: one table a service, in the module of its name.

Every RPC method has the signature `method(self, actor, payload)`:

- `actor` says on whose behalf: `Actor` below, sealed by whom it was let in. `account_id` there is the only account id
  that a service trusts; a payload never names one.
- `payload` is one JSON object that fits the call's `request` schema.

`contracts.contacts.RPC["create_group"]` is a `Call`; the gateway validates strictly with the same schema that the
service loads tolerantly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypedDict
from uuid import UUID

import marshmallow
from marshmallow import fields

from contracts.schema import Empty, Schema, dump, load, plain_text

_PATH_FIELDS: Mapping[type, Callable[..., fields.Field[Any]]] = {
    UUID: fields.UUID,
    str: partial(fields.String, validate=plain_text),
    int: fields.Integer,
}


class Actor(TypedDict, total=False):
    """On whose behalf a call is made. Ids are UUID strings; a field that does not apply is None or left out."""

    account_id: str | None
    user_id: str | None
    session_id: str | None
    api_key_id: str | None
    operator_id: str | None
    permissions: list[str]
    address: str  # the client's IP address
    request_id: str
    # Same key, same effect: a service derives the ids that it makes from (account, request_key) where it is given.
    request_key: str | None
    service: str | None  # set when a service calls for itself
    seal: str  # vouches for the rest; chassis.seals makes and verifies it


@dataclass(frozen=True)
class Call:
    """One RPC: the schemas of what is asked and of what is answered.

    :param request: schema of the request's body or query; None where it has neither.
    :param response: schema of the result; None: an empty object.
    :param path: what stands in the request's path, and beside `request` in the payload: `{"role_id": UUID}`.
    :param edits: schema of the thing that it changes, as its `get_…` shows it: the payload may then hold `if_match`,
        the tags of what the caller saw (`contracts.etags`).
    :param gathered: one call carries the requests of many callers, each with its own actor and its own answer or error;
        on the wire the payload is `{"requests": [[actor, payload], …], "seconds": 0.5}`, the result `{"answers":
        [{"result": …} | {"error": [kind, code, detail, extra, errors]} | {"later": true}, …]}`; `later`: not begun
        within those seconds, and never said where none are given. The caller is `chassis.gathering.Gatherer`.
    """

    request: type[marshmallow.Schema] | None = None
    response: type[marshmallow.Schema] | None = None
    path: Mapping[str, type] = field(default_factory=dict, kw_only=True)
    edits: type[marshmallow.Schema] | None = field(default=None, kw_only=True)
    gathered: bool = field(default=False, kw_only=True)

    @cached_property
    def payload(self) -> type[marshmallow.Schema]:
        """The schema of the whole payload: `request`, and what stands in the path."""
        request = self.request or Empty
        if not self.path and self.edits is None:
            return request
        in_path = {name: _PATH_FIELDS[kind](required=True) for name, kind in self.path.items()}
        if self.edits is not None:
            in_path["if_match"] = fields.List(fields.String())
        return type(f"{request.__name__}With{''.join(sorted(self.path))}", (request, Schema), in_path)

    def load(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The payload as the service reads it. :raises Invalid: it does not fit."""
        return load(self.payload, payload)

    def dump(self, answer: Any) -> dict[str, Any]:
        """The answer as it travels."""
        shown: dict[str, Any] = dump(self.response, answer) if self.response else {}
        return shown
