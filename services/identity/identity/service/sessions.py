"""Sessions: log-ins of users and operators, and whom a token belongs to."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import operators, proofs, session_tokens, sessions


class SessionCalls(IdentityEntrypoints):
    """Sessions."""

    @rpc
    def create_session(self, actor: Actor, payload: Payload) -> Payload:
        given = {"passwords": self.passwords, "vault": self.vault, "life": self.session_life}
        return self.run_in_steps("create_session", sessions.log_in, actor, payload, **given)

    @rpc
    def create_operator_session(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(
            "create_operator_session", operators.log_in, actor, payload, passwords=self.passwords, vault=self.vault
        )

    @rpc
    def prove_session(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(
            "prove_session", proofs.prove, actor, payload, passwords=self.passwords, vault=self.vault
        )

    @rpc
    def refresh_session(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("refresh_session", session_tokens.refresh, actor, payload, life=self.session_life)

    @rpc
    def list_sessions(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_sessions", sessions.list_sessions, actor, payload, life=self.session_life)

    @rpc
    def end_session(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("end_session", sessions.end, actor, payload)

    @rpc
    def authenticate(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("authenticate", sessions.authenticate, actor, payload, note_use=self.last_uses.note)
