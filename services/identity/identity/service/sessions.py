"""Calls about sessions, keys and the second factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chassis.service import rpc
from contracts import identity as contract
from contracts.rpc import Actor
from contracts.schema import load
from identity.service.calls import Calls, Payload, answer, request_of
from identity.usecases import api_keys, ip_rules, second_factor, sessions


class SessionCalls(Calls):
    """Sessions, keys, the second factor, IP rules."""

    @rpc
    def create_session(self, actor: Actor, payload: Payload) -> Payload:
        return self._secret("create_session", sessions.log_in, actor, payload)

    @rpc
    def refresh_session(self, actor: Actor, payload: Payload) -> Payload:
        request = contract.RPC["refresh_session"].load(payload)
        return answer("refresh_session", sessions.refresh(self.database, actor, self.clock.now(), **request))

    @rpc
    def list_sessions(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("list_sessions", sessions.list_own, actor, payload)

    @rpc
    def end_session(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("end_session", sessions.end, actor, payload)

    @rpc
    def authenticate(self, actor: Actor, payload: Payload) -> Payload:
        request, now = contract.RPC["authenticate"].load(payload), self.clock.now()
        with self.database.transaction() as session:
            principal = sessions.principal(session, now, **request)
        if principal["api_key_id"]:
            self.last_uses.note(principal["api_key_id"], now)
        return answer("authenticate", {"principal": principal})

    @rpc
    def list_api_keys(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("list_api_keys", api_keys.list_keys, actor, payload)

    @rpc
    def create_api_key(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("create_api_key", api_keys.create, actor, payload)

    @rpc
    def revoke_api_key(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("revoke_api_key", api_keys.revoke, actor, payload)

    @rpc
    def begin_totp(self, actor: Actor, payload: Payload) -> Payload:
        return self._sealed("begin_totp", second_factor.begin, actor, payload)

    @rpc
    def confirm_totp(self, actor: Actor, payload: Payload) -> Payload:
        return self._sealed("confirm_totp", second_factor.confirm, actor, payload)

    @rpc
    def disable_totp(self, actor: Actor, payload: Payload) -> Payload:
        request = contract.RPC["disable_totp"].load(payload)
        second_factor.disable(self.database, self.vault, actor, self.clock.now(), **request)
        return {}

    @rpc
    def get_security(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("get_security", second_factor.get_settings, actor, payload)

    @rpc
    def set_security(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("set_security", second_factor.set_settings, actor, payload)

    @rpc
    def get_ip_rules(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("get_ip_rules", ip_rules.get, actor, payload)

    @rpc
    def set_ip_rules(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("set_ip_rules", ip_rules.replace, actor, payload)

    def _sealed(self, call: str, use_case: Callable[..., Any], actor: Actor, payload: Payload) -> Payload:
        """Use cases that open sealed seeds."""
        request = load(request_of(call), payload)
        with self.database.transaction() as session:
            return answer(call, use_case(session, self.vault, actor, self.clock.now(), **request))
