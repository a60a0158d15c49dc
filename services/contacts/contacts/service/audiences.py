"""Entrypoints about audiences of campaigns, and about the cap on how many messages a person gets."""

from __future__ import annotations

from chassis.actors import account_of
from chassis.service import Payload, rpc
from contacts.service.base import Base
from contacts.usecases import audience_samples, audiences, frequency_caps
from contracts.rpc import Actor


class Audiences(Base):
    @rpc
    def count_audience(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("count_audience", audiences.count, actor, payload)

    @rpc
    def break_down_audience(self, actor: Actor, payload: Payload) -> Payload:
        channel = self.calls["break_down_audience"].load(payload)["channel"]
        only_to = self.only_to_of(account_of(actor), channel)
        return self.run("break_down_audience", audiences.break_down, actor, payload, only_to=only_to)

    @rpc
    def get_frequency_cap(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_frequency_cap", frequency_caps.get_frequency_cap, actor, payload)

    @rpc
    def set_frequency_cap(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_frequency_cap", frequency_caps.set_frequency_cap, actor, payload)

    @rpc
    def sample_audience(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("sample_audience", audience_samples.sample, actor, payload)

    @rpc
    def snapshot_audience(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("snapshot_audience", audiences.request_snapshot, actor, payload)

    @rpc
    def get_snapshot(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_snapshot", audiences.get, actor, payload)

    @rpc
    def read_audience(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("read_audience", audiences.read, actor, payload)

    @rpc
    def read_step_audience(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("read_step_audience", audiences.read_step, actor, payload)

    @rpc
    def count_strangers(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("count_strangers", audiences.count_strangers, actor, payload)

    @rpc
    def let_go_of_audience(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("let_go_of_audience", audiences.let_go, actor, payload)

    @rpc
    def check_addressees(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("check_addressees", audiences.check_addressees, actor, payload)

    @rpc
    def drop_snapshot(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("drop_snapshot", audiences.drop, actor, payload)
