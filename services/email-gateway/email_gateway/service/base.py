"""What the groups of entrypoints share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from channel.service import QuotaLeases
from chassis import acts
from chassis.ids import new_id
from chassis.service import Clock, Database, Health, OutboxRelay, Services, Session
from contracts import events
from contracts.errors import Unauthenticated
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.dependencies import EmailTools
from email_gateway.usecases import system


class Base:
    """Dependencies, and Wici's own mails."""

    database = Database("EMAIL_GATEWAY_DATABASE_URL")
    services = Services()
    clock = Clock()
    relay = OutboxRelay()
    leases = QuotaLeases("email")
    health = Health()
    tools = EmailTools()

    def send_system_mail(self, session: Any, to: str, template: str, locale: str, variables: dict[str, Any]) -> None:
        system.send(session, self.tools, send_id=new_id(), to=to, template=template, locale=locale, variables=variables)

    def ensure_system_domain(self) -> None:
        with self.database.transaction() as session:
            if system.system_domain(session, self.tools) is not None:
                return
        made = system.new_system_domain(self.tools, self.clock.now())
        with self.database.transaction() as session:
            system.add_system_domain(session, made)


def account_of(actor: Actor) -> UUID:
    account_id = actor.get("account_id")
    if not account_id:
        raise Unauthenticated("account.missing", "This is asked for on behalf of an account.")
    return UUID(account_id)


def tell(session: Session, actor: Actor, action: str, target_id: UUID, **more: Any) -> None:
    acts.record(session, events.EMAIL_GATEWAY_ACT, actor, action, target_id=target_id, **more)


def operator_of(actor: Actor) -> str:
    operator_id = actor.get("operator_id")
    if not operator_id:
        raise exceptions.operators_only()
    return operator_id


def after_of(request: dict[str, Any]) -> UUID | None:
    """The cursor is the id of the last item; ids sort by time. :raises Invalid: it is no id."""
    if not request["cursor"]:
        return None
    try:
        return UUID(request["cursor"])
    except ValueError:
        raise exceptions.bad_cursor() from None


def page(items: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """At most `limit` of the items, of which one more was asked for: only then does a page follow."""
    shown = items[:limit]
    return {"items": shown, "next_cursor": shown[-1]["id"] if len(items) > limit else None}
