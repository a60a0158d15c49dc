"""Calls that operators make."""

from __future__ import annotations

from chassis.service import rpc
from contracts import identity as contract
from contracts.rpc import Actor
from identity.domain.actors import operator_of
from identity.service.calls import Calls, Payload
from identity.usecases import accounts, audit_trail, closing, operators, second_factor


class OperatorCalls(Calls):
    """Operators."""

    @rpc
    def create_operator_session(self, actor: Actor, payload: Payload) -> Payload:
        return self._secret("create_operator_session", operators.log_in, actor, payload)

    @rpc
    def list_accounts(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("list_accounts", operators.list_accounts, actor, payload)

    @rpc
    def get_operated_account(self, actor: Actor, payload: Payload) -> Payload:
        operator_of(actor)
        request = contract.RPC["get_operated_account"].load(payload)
        return self._read("get_operated_account", lambda session: accounts.get(session, **request), payload)

    @rpc
    def set_plan(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("set_plan", operators.set_plan, actor, payload)

    @rpc
    def set_vat_number(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("set_vat_number", closing.set_vat_number, actor, payload)

    @rpc
    def close_account(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("close_account", closing.close, actor, payload)

    @rpc
    def reset_second_factor(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("reset_second_factor", second_factor.reset, actor, payload)

    @rpc
    def list_operator_acts(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("list_operator_acts", audit_trail.list_operator_acts, actor, payload)
