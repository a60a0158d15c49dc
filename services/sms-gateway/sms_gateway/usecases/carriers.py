"""Carriers and routes, by operators (D2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis import acts, pages
from chassis.actors import operator_of
from chassis.database import Session
from chassis.ids import new_id
from chassis.secrets import Vault
from contracts.errors import Conflict, Invalid
from contracts.events import SMS_GATEWAY_ACT
from contracts.rpc import Actor
from sms_gateway import exceptions
from sms_gateway.domain import networks
from sms_gateway.http_api.dialects import SMPP, TWILIO
from sms_gateway.models import Carrier, Route
from sms_gateway.smpp.tls import TlsInvalid
from sms_gateway.store import carrier_instances, unread_deliveries
from sms_gateway.store import carriers as store
from sms_gateway.usecases import carrier_kinds, views

SECRETS = ("password", "tls_key", "token", "hook_secret")
DEFAULTS: dict[str, Any] = {
    "kind": "smpp", "system_type": "", "bind_mode": "transceiver", "binds": 2, "window": 50, "rate": 0, "tls": False,
    "long_form": "udh", "receipt_ids": "same", "response_timeout": 60, "without_receipt": "expired",
    "national_languages": [], "passed_on": [], "enabled": True,
}  # fmt: skip


def list_carriers(session: Session, *, actor: Actor, now: datetime, cursor: str | None, limit: int) -> pages.Page:
    operator_of(actor)
    rows = store.carriers(session, after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.carrier)


def get_carrier_state(session: Session, *, actor: Actor, now: datetime, carrier_id: UUID) -> dict[str, Any]:
    operator_of(actor)
    if store.carrier(session, carrier_id) is None:
        raise exceptions.not_found("carrier")
    return {
        "carrier_id": carrier_id,
        "processes": [views.carrier_process(row) for row in carrier_instances.states(session, carrier_id)],
    }


def get_carrier_hook(session: Session, *, actor: Actor, now: datetime, vault: Vault, name: str) -> dict[str, Any]:
    """What its requests are believed by; asked by the gateway on nobody's behalf, and shown to nobody.

    :raises NotFound: there is no such carrier, or it is not reached by HTTP.
    """
    carrier = store.carrier_named(session, name)
    if carrier is None or carrier.kind == SMPP:
        raise exceptions.not_found("carrier")
    return {
        "id": carrier.id,
        "kind": carrier.kind,
        "http": carrier.http or {},
        "signing_key": store.secret(carrier.token, vault) if carrier.kind == TWILIO else None,
        "secret": store.secret(carrier.hook_secret, vault),
        "previous_secret": store.previous_secret(carrier, vault, now),
    }


def list_unread_deliveries(
    session: Session, *, actor: Actor, now: datetime, carrier_id: UUID, cursor: str | None, limit: int
) -> pages.Page:
    """What the carrier sent and nobody understands, newest first."""
    operator_of(actor)
    rows = unread_deliveries.of_carrier(session, carrier_id, before=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.unread_delivery)


def create_carrier(
    session: Session, *, actor: Actor, now: datetime, vault: Vault, reason: str, **settings: Any
) -> dict[str, Any]:
    """:raises Conflict: the name is taken. :raises Invalid: something is missing for its kind, or wrong."""
    operator_of(actor)
    return views.carrier(_created(session, actor, vault, reason, settings))


def update_carrier(
    session: Session, *, actor: Actor, now: datetime, vault: Vault, carrier_id: UUID, reason: str, **settings: Any
) -> dict[str, Any]:
    """Change what is named; its binds are made again."""
    operator_of(actor)
    carrier = store.carrier_for_update(session, carrier_id)
    if carrier is None:
        raise exceptions.not_found("carrier")
    return views.carrier(_changed(session, actor, now, vault, carrier, reason, settings))


def put_carrier(session: Session, *, vault: Vault, name: str, reason: str, settings: dict[str, Any]) -> Carrier:
    """From the shell, which knows no operator: make or change a carrier, and let it have a route for all numbers
    where it has none."""
    carrier = store.carrier_named(session, name)
    if carrier is None:
        carrier = _created(session, {}, vault, reason, {"name": name, **settings})
    else:
        carrier = _changed(session, {}, datetime.now(UTC), vault, carrier, reason, {"enabled": True, **settings})
    if not store.routes_of(session, carrier.id):
        session.add(Route(id=new_id(), carrier_id=carrier.id, prefix="", priority=100, share=1, enabled=True))
        session.flush()
        store.announce_change(session)
    return carrier


def _created(session: Session, actor: Actor, vault: Vault, reason: str, settings: dict[str, Any]) -> Carrier:
    carrier = Carrier(id=new_id(), version=1, **{**DEFAULTS, **_sealed(vault, {"password": "", **settings})})
    carrier_kinds.ensure_fits(carrier, settings)
    _ensure_tls(carrier, vault)
    if not store.add(session, carrier):
        raise Conflict("carrier.exists", "There is a carrier of that name.")
    session.refresh(carrier)
    store.announce_change(session)
    acts.record(
        session, SMS_GATEWAY_ACT, actor, "carrier.created", target_id=carrier.id, reason=reason, name=carrier.name
    )
    return carrier


def _changed(
    session: Session, actor: Actor, now: datetime, vault: Vault, carrier: Carrier, reason: str, settings: dict[str, Any]
) -> Carrier:
    if "hook_secret" in settings and settings["hook_secret"] != store.secret(carrier.hook_secret, vault):
        carrier.previous_hook_secret, carrier.hook_secret_changed_at = carrier.hook_secret, now
    for name, value in _sealed(vault, settings).items():
        setattr(carrier, name, value)
    carrier_kinds.ensure_fits(carrier, settings)
    _ensure_tls(carrier, vault)
    carrier.version += 1
    session.flush()
    changes: dict[str, Any] = {"name": carrier.name, "fields": sorted(settings)}
    store.announce_change(session)
    acts.record(session, SMS_GATEWAY_ACT, actor, "carrier.changed", target_id=carrier.id, reason=reason, **changes)
    return carrier


def _sealed(vault: Vault, settings: dict[str, Any]) -> dict[str, Any]:
    secrets = {name: settings[name] for name in SECRETS if settings.get(name) is not None}
    return {**settings, **{name: vault.encrypt(value.encode()) for name, value in secrets.items()}}


def _ensure_tls(carrier: Carrier, vault: Vault) -> None:
    """:raises Invalid: no connection could be made so, or one without what was set to guard it."""
    tls = store.tls(carrier, vault)
    try:
        if tls is not None:
            tls.check()
        elif any((carrier.tls_ca, carrier.tls_pin, carrier.tls_server_name, carrier.tls_certificate, carrier.tls_key)):
            raise exceptions.tls_off()
    except TlsInvalid as invalid:
        raise exceptions.tls_invalid(invalid.name, invalid.detail) from None


def delete_carrier(session: Session, *, actor: Actor, now: datetime, carrier_id: UUID, reason: str) -> None:
    """:raises Conflict: a route still points to it."""
    operator_of(actor)
    if store.carrier_for_update(session, carrier_id) is None:
        raise exceptions.not_found("carrier")
    if store.routes_of(session, carrier_id):
        raise Conflict("carrier.in_use", "A route points to this carrier.")
    store.delete_carrier(session, carrier_id)
    store.announce_change(session)
    acts.record(session, SMS_GATEWAY_ACT, actor, "carrier.deleted", target_id=carrier_id, reason=reason)


def list_routes(session: Session, *, actor: Actor, now: datetime, cursor: str | None, limit: int) -> pages.Page:
    operator_of(actor)
    rows = store.routes(session, after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.route)


def create_route(session: Session, *, actor: Actor, now: datetime, reason: str, **settings: Any) -> Route:
    """:raises Invalid: there is no such carrier."""
    operator_of(actor)
    if store.carrier_for_update(session, settings["carrier_id"]) is None:
        raise Invalid.of_field("carrier_id", "carrier.not_found", "There is no such carrier.")
    if settings.get("network") is not None and settings["network"] not in networks.known():
        raise Invalid.of_field("network", "route.network_unknown", "No numbering plan has this network.")
    route = Route(id=new_id(), **settings)
    session.add(route)
    session.flush()
    store.announce_change(session)
    acts.record(
        session, SMS_GATEWAY_ACT, actor, "route.created", target_id=route.id, reason=reason, prefix=route.prefix
    )
    return route


def update_route(
    session: Session, *, actor: Actor, now: datetime, route_id: UUID, reason: str, **settings: Any
) -> Route:
    operator_of(actor)
    route = store.route_for_update(session, route_id)
    if route is None:
        raise exceptions.not_found("route")
    for name, value in settings.items():
        setattr(route, name, value)
    session.flush()
    store.announce_change(session)
    acts.record(session, SMS_GATEWAY_ACT, actor, "route.changed", target_id=route_id, reason=reason, **settings)
    return route


def delete_route(session: Session, *, actor: Actor, now: datetime, route_id: UUID, reason: str) -> None:
    operator_of(actor)
    if store.route_for_update(session, route_id) is None:
        raise exceptions.not_found("route")
    store.delete_route(session, route_id)
    store.announce_change(session)
    acts.record(session, SMS_GATEWAY_ACT, actor, "route.deleted", target_id=route_id, reason=reason)
