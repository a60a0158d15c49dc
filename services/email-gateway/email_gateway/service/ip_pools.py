"""Entrypoints: pools of addresses that mail leaves from, which are the operators'."""

from __future__ import annotations

from nameko.timer import timer

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from email_gateway.service.base import Base
from email_gateway.usecases import ip_pools

CHECK_SECONDS = 30


class IpPools(Base):
    """Pools, their addresses, whose mail leaves from them, and what came of it."""

    @rpc
    def create_ip_pool(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_ip_pool", ip_pools.create_ip_pool, actor, payload, tools=self.tools)

    @rpc
    def list_ip_pools(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_ip_pools", ip_pools.list_ip_pools, actor, payload)

    @rpc
    def get_ip_pool(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_ip_pool", ip_pools.get_ip_pool, actor, payload)

    @rpc
    def update_ip_pool(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_ip_pool", ip_pools.update_ip_pool, actor, payload)

    @rpc
    def delete_ip_pool(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_ip_pool", ip_pools.delete_ip_pool, actor, payload)

    @rpc
    def add_ip_address(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("add_ip_address", ip_pools.add_ip_address, actor, payload, tools=self.tools)

    @rpc
    def delete_ip_address(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_ip_address", ip_pools.delete_ip_address, actor, payload)

    @rpc
    def check_ip_pool(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("check_ip_pool", ip_pools.check_ip_pool, actor, payload, tools=self.tools)

    @rpc
    def get_ip_pool_figures(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_ip_pool_figures", ip_pools.get_figures, actor, payload)

    @rpc
    def resume_ip_pool(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("resume_ip_pool", ip_pools.resume_ip_pool, actor, payload)

    @rpc
    def put_account_ip_pool(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("put_account_ip_pool", ip_pools.put_account_ip_pool, actor, payload)

    @timer(interval=CHECK_SECONDS)
    def check_due_addresses(self) -> None:
        """Their names in DNS, now and then; in each instance, which take different ones."""
        ip_pools.check_due_addresses(self.database, now=self.clock.now(), tools=self.tools)
