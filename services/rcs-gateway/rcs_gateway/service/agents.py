"""Entrypoints: agents."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from rcs_gateway.service.base import Base
from rcs_gateway.usecases import agents


class Agents(Base):
    """What messages are from."""

    @rpc
    def list_agents(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_agents", agents.list_agents, actor, payload)

    @rpc
    def request_agent(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("request_agent", agents.request_agent, actor, payload)

    @rpc
    def list_all_agents(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_all_agents", agents.list_all_agents, actor, payload)

    @rpc
    def set_agent_credentials(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_agent_credentials", agents.set_agent_credentials, actor, payload, vault=self.vault)

    @rpc
    def decide_agent(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("decide_agent", agents.decide_agent, actor, payload)

    @rpc
    def get_agent_hook(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_agent_hook", agents.get_agent_hook, actor, payload, vault=self.vault)
