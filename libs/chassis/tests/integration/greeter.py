"""A tiny real service for the chassis's own tests."""

import os
from uuid import UUID

from sqlalchemy import text

from chassis import inbox, outbox
from chassis.service import Clock, Database, Health, OutboxRelay, Services, event_handler, rpc
from contracts import events
from contracts.errors import Conflict


class PlainService:
    """Only answers calls; stands under a name that the contracts know."""

    name = "reporting"
    database = Database("GREETER_DATABASE_URL")
    health = Health()

    @rpc
    def greet(self, actor, payload):
        return {"greeting": f"Cześć, {payload['name']}!", "account_id": actor.get("account_id")}

    @rpc
    def refuse(self, actor, payload):
        raise Conflict("greeting.refused", "Not today.", {"limit": 3}, [{"field": "name", "code": "x", "detail": "y"}])

    @rpc
    def crash(self, actor, payload):
        raise ZeroDivisionError("boom")

    @rpc
    def sleep(self, actor, payload):
        with self.database.transaction() as session:
            session.execute(text(f"SELECT pg_sleep(:seconds) /* {payload.get('label')} */"), payload)
        return {}

    @rpc
    def answer_oddly(self, actor, payload):
        return {"greeting": object()}


class ReportingService(PlainService):
    """With events, calls of its own and an outbox: the contracts know its subscriptions, so that they are declared."""

    services = Services()
    clock = Clock()
    relay = OutboxRelay()

    @rpc
    def announce(self, actor, payload):
        with self.database.transaction() as session:
            outbox.record(
                session,
                events.CAMPAIGN_STATE_CHANGED,
                account_id=UUID(actor["account_id"]),
                campaign_id=UUID(payload["campaign_id"]),
                state="sent",
            )
            if payload.get("fail"):
                raise Conflict("greeting.rolled_back")
        return {}

    @rpc
    def relayed(self, actor, payload):
        return self.services.call("reporting.greet", actor, payload, deadline=5)

    @event_handler(events.CAMPAIGN_STATE_CHANGED)
    def record_campaign_state(self, payload):
        if os.environ.get("GREETER_FAILS"):
            raise ZeroDivisionError("boom")
        with self.database.transaction() as session:
            if inbox.first_time(session, "record_campaign_state", payload["event_id"]):
                session.execute(text("INSERT INTO seen (campaign_id) VALUES (:campaign_id)"), payload)

    @event_handler(events.ACCESS_CHANGED, broadcast=True)
    def forget_access(self, payload):
        pass
