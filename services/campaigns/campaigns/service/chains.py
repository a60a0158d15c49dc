"""Entrypoints: messages over several channels, and one person's."""

from __future__ import annotations

from campaigns.service.base import CampaignEntrypoints
from campaigns.usecases import chains
from campaigns.usecases.ports import ask_as
from chassis.service import Payload, rpc
from contracts.rpc import Actor


class Chains(CampaignEntrypoints):
    @rpc
    def send_chain(self, actor: Actor, payload: Payload) -> Payload:
        itself: Actor = {"account_id": actor.get("account_id"), "service": "campaigns"}
        given = {"ask": self.ask_as(actor), "ask_itself": ask_as(self.services.call, itself)}
        return self.run_in_steps("send_chain", chains.send_chain, actor, payload, **given)

    @rpc
    def get_chain(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_chain", chains.get_chain, actor, payload)

    @rpc
    def list_chains(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_chains", chains.list_chains, actor, payload)

    @rpc
    def cancel_chain(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("cancel_chain", chains.cancel_chain, actor, payload)

    @rpc
    def count_chains(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("count_chains", chains.count_chains, actor, payload)

    @rpc
    def export_person(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("export_person", chains.export_person, actor, payload)

    @rpc
    def erase_person(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("erase_person", chains.erase_person, actor, payload)
