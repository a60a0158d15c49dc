"""Whose web pages may read answers: about a form those of the origins that it names, about devices any."""

from __future__ import annotations

from flask import g, request

from api_gateway.path_ids import lenient
from api_gateway.wiring import Wiring
from contracts.errors import WiciError
from contracts.rpc import Actor

# What a web page calls; both are public.
PATHS = tuple(map(lenient, ("/v1/forms/<uuid:form_id>/public", "/v1/forms/<uuid:form_id>/submissions")))
# What applications in any page call: they have a key of their own, and no cookies.
ANYBODYS = ("/v1/devices", "/v1/devices/removal")
DEADLINE = 5.0


def of_request(wiring: Wiring) -> tuple[str, ...]:
    """The origins of the form that this request is about: as its handler found them, or looked up for a preflight."""
    if request.url_rule is not None and request.url_rule.rule in ANYBODYS:
        return ("*",)
    origins: tuple[str, ...] = g.get("form_origins", ())
    if request.method != "OPTIONS" or request.url_rule is None or request.url_rule.rule not in PATHS:
        return origins
    form_id = str((request.view_args or {}).get("form_id"))
    actor: Actor = {"account_id": None, "address": g.address, "request_id": g.request_id}
    try:
        wiring.limiter.spend(f"address:{g.address}", wiring.config.address_rate)
        described = wiring.forms.of(
            form_id,
            lambda: wiring.services.call("contacts.describe_form", actor, {"form_id": form_id}, deadline=DEADLINE),
        )
    except WiciError:
        return ()  # a preflight has no body to say why; the request itself will
    return tuple(described["origins"])
