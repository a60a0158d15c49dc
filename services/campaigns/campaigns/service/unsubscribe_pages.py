"""Unsubscribe pages."""

from __future__ import annotations

from campaigns.service.base import CampaignEntrypoints
from campaigns.usecases import unsubscribe_pages
from chassis.service import Payload, event_handler, rpc
from contracts import events
from contracts.rpc import Actor


class UnsubscribePages(CampaignEntrypoints):
    @rpc
    def create_unsubscribe_page(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_unsubscribe_page", unsubscribe_pages.create, actor, payload)

    @rpc
    def get_unsubscribe_page(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_unsubscribe_page", unsubscribe_pages.get, actor, payload)

    @rpc
    def list_unsubscribe_pages(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_unsubscribe_pages", unsubscribe_pages.list_pages, actor, payload)

    @rpc
    def update_unsubscribe_page(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_unsubscribe_page", unsubscribe_pages.update, actor, payload)

    @rpc
    def delete_unsubscribe_page(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_unsubscribe_page", unsubscribe_pages.delete, actor, payload)

    @event_handler(events.RECIPIENT_LEFT_LISTS)
    def count_list_leaver(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            unsubscribe_pages.count_list_leaver(session, event=payload)

    @event_handler(events.UNSUBSCRIBE_REASON_GIVEN)
    def keep_unsubscribe_reason(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            unsubscribe_pages.keep_reason(session, event=payload)
