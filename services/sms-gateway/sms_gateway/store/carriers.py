"""Carriers, and the routes that lead to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import any_, delete, select

from channel.retries import UPKEEP
from chassis import waking
from chassis.database import Session
from chassis.refusals import flush_unless_taken
from chassis.secrets import Vault
from sms_gateway.models import Carrier, Route
from sms_gateway.smpp.tls import Tls

PREVIOUS_SECRET_FOR = timedelta(days=4)


def announce_change(session: Session) -> None:
    """Outbound processes look at carriers and routes once this transaction has committed."""
    waking.wake(session, UPKEEP)


def carriers(session: Session, *, after: UUID | None = None, limit: int = 1_000) -> Sequence[Carrier]:
    query = select(Carrier).order_by(Carrier.id).limit(limit)
    return session.scalars(query if after is None else query.where(Carrier.id > after)).all()


def carrier(session: Session, carrier_id: UUID) -> Carrier | None:
    return session.scalar(select(Carrier).where(Carrier.id == carrier_id))


def carrier_for_update(session: Session, carrier_id: UUID) -> Carrier | None:
    return session.scalar(select(Carrier).where(Carrier.id == carrier_id).with_for_update())


def add(session: Session, carrier: Carrier) -> bool:
    """False where there is one of its name, perhaps since a moment ago: nothing is written."""
    session.add(carrier)
    return flush_unless_taken(session, "carriers_name_key")


def carrier_named(session: Session, name: str) -> Carrier | None:
    return session.scalar(select(Carrier).where(Carrier.name == name))


def take_language(session: Session, language: str) -> bool:
    """Whether a carrier that is on takes a language's tables."""
    found = select(Carrier.id).where(Carrier.enabled, any_(Carrier.national_languages) == language).limit(1)
    return session.scalar(found) is not None


def tls(carrier: Carrier, vault: Vault) -> Tls | None:
    """None: without TLS."""
    if not carrier.tls:
        return None
    key = secret(carrier.tls_key, vault)
    pin = carrier.tls_pin.replace(":", "").lower() if carrier.tls_pin is not None else None
    return Tls(carrier.tls_ca, pin, carrier.tls_server_name, carrier.tls_certificate, key)


def secret(sealed: bytes | None, vault: Vault) -> str | None:
    return vault.decrypt(sealed).decode() if sealed is not None else None


def previous_secret(carrier: Carrier, vault: Vault, now: datetime) -> str | None:
    """The hook's secret until its last change, as long as messages that left before are reported of."""
    changed_at = carrier.hook_secret_changed_at
    is_believed = changed_at is not None and now - changed_at < PREVIOUS_SECRET_FOR
    return secret(carrier.previous_hook_secret, vault) if is_believed else None


def delete_carrier(session: Session, carrier_id: UUID) -> None:
    session.execute(delete(Carrier).where(Carrier.id == carrier_id))


def routes(session: Session, *, after: UUID | None = None, limit: int = 10_000) -> Sequence[Route]:
    query = select(Route).order_by(Route.id).limit(limit)
    return session.scalars(query if after is None else query.where(Route.id > after)).all()


def route_for_update(session: Session, route_id: UUID) -> Route | None:
    return session.scalar(select(Route).where(Route.id == route_id).with_for_update())


def routes_of(session: Session, carrier_id: UUID) -> Sequence[Route]:
    return session.scalars(select(Route).where(Route.carrier_id == carrier_id)).all()


def delete_route(session: Session, route_id: UUID) -> None:
    session.execute(delete(Route).where(Route.id == route_id))
