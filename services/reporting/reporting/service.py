"""The reporting service's entrypoints."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.service import Clock, Database, ErasureKeys, Health, Services, event_handler, rpc
from contracts import events
from contracts import reporting as contract
from contracts.errors import Unauthenticated
from contracts.rpc import Actor
from contracts.schema import dump, load
from reporting import erasure, exports, tools, usecases


class ReportingService:
    """Answers what became of messages; the ingester writes what is read here."""

    name = "reporting"

    database = Database("REPORTING_DATABASE_URL")
    clock = Clock()
    services = Services()
    health = Health()
    erasure_keys = ErasureKeys()

    @rpc
    def get_report(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        return self._answer("get_report", actor, payload)

    @rpc
    def get_report_links(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        return self._answer("get_report_links", actor, payload)

    @rpc
    def get_report_timeline(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        return self._answer("get_report_timeline", actor, payload)

    @rpc
    def list_report_recipients(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        return self._answer("list_report_recipients", actor, payload)

    @rpc
    def export_report(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(contract.ReportPiece, payload)
        with self.database.transaction() as session:
            return exports.export_report(session, account_id=_account_of(actor), **request)

    @rpc
    def create_report_group(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(contract.ReportGroupOf, payload)
        account_id = _account_of(actor)
        return tools.create_report_group(self.database, self.services.call, actor, account_id=account_id, **request)

    @rpc
    def archive_report_recipients(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        campaign_id = load(contract.ReportArchiveOf, payload)["campaign_id"]
        account_id = _account_of(actor)
        return tools.archive_hard_bounced(
            self.database, self.services.call, actor, account_id=account_id, campaign_id=campaign_id
        )

    @rpc
    def list_messages(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        return self._answer("list_messages", actor, payload)

    @rpc
    def get_message(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        return self._answer("get_message", actor, payload)

    @rpc
    def get_statistics(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        return self._answer("get_statistics", actor, payload, today=self.clock.now().date())

    @rpc
    def export_person(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        return self._answer("export_person", actor, payload)

    @rpc
    def erase_person(self, actor: Actor, payload: dict[str, Any]) -> dict[str, Any]:
        return self._answer("erase_person", actor, payload)

    @event_handler(events.CAMPAIGN_STARTED)
    def record_campaign_start(self, payload: dict[str, Any]) -> None:
        """Twice is harmless: it writes the same."""
        with self.database.transaction() as session:
            usecases.record_campaign_start(session, payload)

    @event_handler(events.CAMPAIGN_STATE_CHANGED)
    def record_campaign_state(self, payload: dict[str, Any]) -> None:
        """Twice or late is harmless: only a later state replaces one."""
        with self.database.transaction() as session:
            usecases.record_campaign_state(session, payload)

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: dict[str, Any]) -> None:
        """Twice is harmless: the second time there is nothing left."""
        erasure.erase_account(self.database, account_id=payload["account_id"])

    def _answer(self, name: str, actor: Actor, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Load, ask the use case of the same name, dump."""
        call = contract.RPC[name]
        assert call.request is not None and call.response is not None
        request = load(call.request, payload)
        with self.database.transaction() as session:
            result = getattr(usecases, name)(session, account_id=_account_of(actor), **request, **more)
            answer: dict[str, Any] = dump(call.response, result)
            return answer


def _account_of(actor: Actor) -> UUID:
    account_id = actor.get("account_id")
    if not account_id:
        raise Unauthenticated("account.missing", "A report belongs to an account.")
    return UUID(account_id)
