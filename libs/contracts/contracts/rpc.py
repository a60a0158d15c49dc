"""How a call between services is described: one table a service, in the module of its name.

Every RPC method has the signature `method(self, actor, payload)`:

- `actor` says on whose behalf: `Actor` below. `account_id` there is the only account id that a service trusts; a
  payload never names one.
- `payload` is one JSON object that fits the call's `request` schema.

`contracts.contacts.RPC["create_group"]` is a `Call`; the gateway validates strictly with the same schema that the
service loads tolerantly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import marshmallow


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


@dataclass(frozen=True)
class Call:
    """One RPC: the schema of its payload and of its result (None: an empty object).

    `gathered`: one call carries the requests of many callers, each with its own actor and its own answer or error; on
    the wire the payload is `{"requests": [[actor, payload], …]}`, the result `{"answers": [{"result": …} | {"error":
    [kind, code, detail, extra, errors]}, …]}`. The caller is `chassis.gathering.Gatherer`.
    """

    request: type[marshmallow.Schema] | None = None
    response: type[marshmallow.Schema] | None = None
    gathered: bool = False
