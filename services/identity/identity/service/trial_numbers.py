"""Trial numbers of an account."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import trial_numbers


class TrialNumberCalls(IdentityEntrypoints):
    """Trial numbers."""

    @rpc
    def list_trial_numbers(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_trial_numbers", trial_numbers.list_trial_numbers, actor, payload)

    @rpc
    def add_trial_number(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("add_trial_number", trial_numbers.add, actor, payload)

    @rpc
    def confirm_trial_number(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("confirm_trial_number", trial_numbers.confirm, actor, payload)

    @rpc
    def delete_trial_number(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_trial_number", trial_numbers.delete, actor, payload)
