"""Named links."""

from __future__ import annotations

from campaigns.service.base import CampaignEntrypoints
from campaigns.usecases import links
from chassis.service import Payload, event_handler, rpc
from contracts import events
from contracts.rpc import Actor


class Links(CampaignEntrypoints):
    @rpc
    def create_link(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_link", links.create_link, actor, payload, tools=self.file_tools)

    @rpc
    def get_link(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_link", links.get_link, actor, payload, tools=self.file_tools)

    @rpc
    def list_links(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_links", links.list_links, actor, payload, tools=self.file_tools)

    @rpc
    def list_link_clicks(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_link_clicks", links.list_link_clicks, actor, payload)

    @rpc
    def update_link(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_link", links.update_link, actor, payload, tools=self.file_tools)

    @rpc
    def delete_link(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_link", links.delete_link, actor, payload, tools=self.file_tools)

    @event_handler(events.NAMED_LINKS_FOLLOWED)
    def keep_link_clicks(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            links.keep_clicks(session, event=payload)

    @event_handler(events.SHORT_LINK_HOST_CHANGED)
    def keep_short_link_host(self, payload: Payload) -> None:
        """May run twice and in any order: the version tells which is the later."""
        with self.database.transaction() as session:
            links.keep_host(session, event=payload)
