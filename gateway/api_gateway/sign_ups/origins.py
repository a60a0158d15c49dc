"""Whose web pages may read answers: about a form those of the origins that it names, about devices any."""

from __future__ import annotations

from typing import Any

from flask import Request

from api_gateway.path_ids import lenient
from api_gateway.wiring import Wiring
from contracts.errors import WiciError
from contracts.rpc import Actor

# What a web page calls; both are public.
PATHS = tuple(map(lenient, ("/v1/forms/<uuid:form_id>/public", "/v1/forms/<uuid:form_id>/submissions")))
# What applications in any page call: they have a key of their own, and no cookies.
ANYBODYS = ("/v1/devices", "/v1/devices/removal")
DEADLINE = 5.0


def of_request(wiring: Wiring, asked: Request, held: Any) -> tuple[str, ...]:
    """The origins of the form that this request is about: as its handler found them, or looked up for a preflight.

    :param held: what is kept for the request, Flask's `g`.
    """
    rule = None if asked.url_rule is None else asked.url_rule.rule
    if rule in ANYBODYS:
        return ("*",)
    origins: tuple[str, ...] = held.get("form_origins", ())
    if asked.method != "OPTIONS" or rule not in PATHS:
        return origins
    form_id = str((asked.view_args or {}).get("form_id"))
    actor: Actor = {"account_id": None, "address": held.address, "request_id": held.request_id}
    try:
        wiring.limiter.spend(f"address:{held.address}", wiring.config.address_rate)
        described = wiring.forms.of(
            form_id,
            lambda: wiring.services.call("contacts.describe_form", actor, {"form_id": form_id}, deadline=DEADLINE),
        )
    except WiciError:
        return ()  # a preflight has no body to say why; the request itself will
    return tuple(described["origins"])
