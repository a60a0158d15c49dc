"""Carriers and routes, by operators (D2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis.ids import new_id
from chassis.secrets import Vault
from contracts.errors import Conflict, Invalid
from sms_gateway import exceptions
from sms_gateway.models import Carrier, Route
from sms_gateway.store import directory
from sms_gateway.usecases.paging import after_of, page

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DEFAULTS: dict[str, Any] = {
    "system_type": "", "bind_mode": "transceiver", "binds": 2, "window": 50, "rate": 0, "tls": False,
    "long_form": "udh", "receipt_ids": "same", "enabled": True,
}  # fmt: skip


def create_carrier(session: Session, vault: Vault, fields: dict[str, Any]) -> Carrier:
    """:raises Conflict: the name is taken."""
    if directory.carrier_named(session, fields["name"]) is not None:
        raise Conflict("carrier.exists", "There is a carrier of that name.")
    given = {name: value for name, value in fields.items() if name != "password"}
    carrier = Carrier(id=new_id(), version=1, **{**DEFAULTS, **given})
    carrier.password = vault.encrypt(fields.get("password", "").encode())
    session.add(carrier)
    session.flush()
    session.refresh(carrier)
    directory.announce_change(session)
    return carrier


def update_carrier(session: Session, vault: Vault, fields: dict[str, Any]) -> Carrier:
    """Change what is given; running connectors bind anew."""
    carrier = directory.carrier_for_update(session, fields["id"])
    if carrier is None:
        raise exceptions.not_found("carrier")
    for name, value in fields.items():
        if name == "password":
            carrier.password = vault.encrypt(value.encode())
        elif name not in ("id", "name"):
            setattr(carrier, name, value)
    carrier.version += 1
    session.flush()
    directory.announce_change(session)
    return carrier


def delete_carrier(session: Session, *, carrier_id: UUID) -> None:
    """:raises Conflict: a route still points to it."""
    if directory.carrier_for_update(session, carrier_id) is None:
        raise exceptions.not_found("carrier")
    if directory.routes_of(session, carrier_id):
        raise Conflict("carrier.in_use", "A route points to this carrier.")
    directory.delete_carrier(session, carrier_id)
    directory.announce_change(session)


def list_carriers(session: Session, *, query: dict[str, Any]) -> dict[str, Any]:
    limit = query["limit"]
    return page(directory.carriers(session, after=after_of(query.get("cursor")), limit=limit + 1), limit)


def create_route(session: Session, fields: dict[str, Any]) -> Route:
    if directory.carrier_for_update(session, fields["carrier_id"]) is None:
        detail = "There is no such carrier."
        raise Invalid(
            "request.invalid", detail, None, [{"field": "carrier_id", "code": "carrier.not_found", "detail": detail}]
        )
    route = Route(
        id=new_id(), carrier_id=fields["carrier_id"], prefix=fields.get("prefix", ""),
        account_id=fields.get("account_id"),
        lane=fields.get("lane"), priority=fields.get("priority", 100), share=fields.get("share", 1),
        enabled=fields.get("enabled", True),
    )  # fmt: skip
    session.add(route)
    session.flush()
    directory.announce_change(session)
    return route


def update_route(session: Session, fields: dict[str, Any]) -> Route:
    route = directory.route_for_update(session, fields["id"])
    if route is None:
        raise exceptions.not_found("route")
    for name in ("priority", "share", "enabled"):
        if name in fields:
            setattr(route, name, fields[name])
    session.flush()
    directory.announce_change(session)
    return route


def delete_route(session: Session, *, route_id: UUID) -> None:
    if directory.route_for_update(session, route_id) is None:
        raise exceptions.not_found("route")
    directory.delete_route(session, route_id)
    directory.announce_change(session)


def list_routes(session: Session, *, query: dict[str, Any]) -> dict[str, Any]:
    limit = query["limit"]
    return page(directory.routes(session, after=after_of(query.get("cursor")), limit=limit + 1), limit)
