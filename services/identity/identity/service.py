"""The Nameko class: each entrypoint loads its payload, calls one use case and dumps the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nameko.timer import timer
from sqlalchemy.orm import Session

from chassis.service import Clock, Database, Health, OutboxRelay, rpc
from contracts import identity as contract
from contracts.rpc import Actor
from contracts.schema import dump, load
from identity.dependencies import LastUses, PasswordHashing, Secrets
from identity.domain.actors import account_of, operator_of
from identity.store import accounts as account_store
from identity.store.throttles import sweep
from identity.usecases import accounts, api_keys, audit_trail, operators, quotas, sessions, users, views

Payload = dict[str, Any]

LAST_USE_SECONDS = 5
SWEEP_SECONDS = 300


class IdentityService:
    """Accounts, users, sessions, keys, plans and quotas, operators, audit."""

    name = "identity"

    database = Database("IDENTITY_DATABASE_URL")
    clock = Clock()
    relay = OutboxRelay()
    health = Health()
    passwords = PasswordHashing()
    vault = Secrets()
    last_uses = LastUses()

    # --- Accounts

    @rpc
    def register_account(self, actor: Actor, payload: Payload) -> Payload:
        return self._hashing("register_account", accounts.register, actor, payload)

    @rpc
    def get_account(self, actor: Actor, payload: Payload) -> Payload:
        return self._read("get_account", lambda session: accounts.get(session, account_id=account_of(actor)), payload)

    @rpc
    def update_account(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("update_account", accounts.update, actor, payload)

    @rpc
    def get_usage(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("get_usage", quotas.usage, actor, payload)

    @rpc
    def list_plans(self, actor: Actor, payload: Payload) -> Payload:
        return self._read(
            "list_plans", lambda session: {"items": [views.plan(row) for row in account_store.plans(session)]}, payload
        )

    # --- Sessions

    @rpc
    def create_session(self, actor: Actor, payload: Payload) -> Payload:
        return self._secret("create_session", sessions.log_in, actor, payload)

    @rpc
    def refresh_session(self, actor: Actor, payload: Payload) -> Payload:
        request = load(contract.SessionRefresh, payload)
        return _dump("refresh_session", sessions.refresh(self.database, actor, self.clock.now(), **request))

    @rpc
    def list_sessions(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("list_sessions", sessions.list_own, actor, payload)

    @rpc
    def end_session(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("end_session", sessions.end, actor, payload)

    @rpc
    def authenticate(self, actor: Actor, payload: Payload) -> Payload:
        request, now = load(contract.Authenticate, payload), self.clock.now()
        with self.database.transaction() as session:
            principal = sessions.principal(session, now, **request)
        if principal["api_key_id"]:
            self.last_uses.note(principal["api_key_id"], now)
        return _dump("authenticate", {"principal": principal})

    # --- Users

    @rpc
    def get_me(self, actor: Actor, payload: Payload) -> Payload:
        return self._read("get_me", lambda session: users.get_me(session, actor), payload)

    @rpc
    def update_me(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("update_me", users.update_me, actor, payload)

    @rpc
    def change_password(self, actor: Actor, payload: Payload) -> Payload:
        return self._hashing("change_password", users.change_password, actor, payload)

    @rpc
    def list_permissions(self, actor: Actor, payload: Payload) -> Payload:
        return _dump("list_permissions", users.permissions())

    @rpc
    def list_users(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("list_users", users.list_users, actor, payload)

    @rpc
    def create_user(self, actor: Actor, payload: Payload) -> Payload:
        return self._hashing("create_user", users.create_user, actor, payload)

    @rpc
    def get_user(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("get_user", users.get_user, actor, payload)

    @rpc
    def update_user(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("update_user", users.update_user, actor, payload)

    @rpc
    def delete_user(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("delete_user", users.delete_user, actor, payload)

    @rpc
    def set_rights(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("set_rights", users.set_rights, actor, payload)

    # --- API keys

    @rpc
    def list_api_keys(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("list_api_keys", api_keys.list_keys, actor, payload)

    @rpc
    def create_api_key(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("create_api_key", api_keys.create, actor, payload)

    @rpc
    def revoke_api_key(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("revoke_api_key", api_keys.revoke, actor, payload)

    # --- Quotas

    @rpc
    def reserve_quota(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("reserve_quota", quotas.reserve, actor, payload)

    @rpc
    def use_quota(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("use_quota", quotas.use, actor, payload)

    @rpc
    def release_quota(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("release_quota", quotas.release, actor, payload)

    @rpc
    def check_limit(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("check_limit", quotas.check_limit, actor, payload)

    # --- Operators

    @rpc
    def create_operator_session(self, actor: Actor, payload: Payload) -> Payload:
        return self._secret("create_operator_session", operators.log_in, actor, payload)

    @rpc
    def list_accounts(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("list_accounts", operators.list_accounts, actor, payload)

    @rpc
    def get_operated_account(self, actor: Actor, payload: Payload) -> Payload:
        operator_of(actor)
        request = load(contract.OperatedAccount, payload)
        return self._read("get_operated_account", lambda session: accounts.get(session, **request), payload)

    @rpc
    def set_plan(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("set_plan", operators.set_plan, actor, payload)

    # --- Audit

    @rpc
    def list_audit_entries(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("list_audit_entries", audit_trail.list_entries, actor, payload)

    # --- Now and then

    @timer(interval=LAST_USE_SECONDS)
    def store_last_uses(self) -> None:
        seen = self.last_uses.take()
        with self.database.transaction() as session:
            api_keys.record_uses(session, seen)

    @timer(interval=SWEEP_SECONDS)
    def sweep_expired(self) -> None:
        with self.database.transaction() as session:
            sweep(session, now=self.clock.now())

    # --- The shapes that use cases have

    def _read(self, call: str, use_case: Callable[[Session], Any], payload: Payload) -> Payload:
        load(_request_of(call), payload)
        with self.database.transaction() as session:
            return _dump(call, use_case(session))

    def _timeless(self, call: str, use_case: Callable[..., Any], actor: Actor, payload: Payload) -> Payload:
        request = load(_request_of(call), payload)
        with self.database.transaction() as session:
            return _dump(call, use_case(session, actor, **request))

    def _change(self, call: str, use_case: Callable[..., Any], actor: Actor, payload: Payload) -> Payload:
        request = load(_request_of(call), payload)
        with self.database.transaction() as session:
            return _dump(call, use_case(session, actor, self.clock.now(), **request))

    def _hashing(self, call: str, use_case: Callable[..., Any], actor: Actor, payload: Payload) -> Payload:
        """Use cases that hash passwords, between transactions of their own."""
        request = load(_request_of(call), payload)
        return _dump(call, use_case(self.database, self.passwords, actor, self.clock.now(), **request))

    def _secret(self, call: str, use_case: Callable[..., Any], actor: Actor, payload: Payload) -> Payload:
        """Log-ins: they hash, and they open sealed seeds."""
        request = load(_request_of(call), payload)
        return _dump(call, use_case(self.database, self.passwords, self.vault, actor, self.clock.now(), **request))


def _request_of(call: str) -> Any:
    return contract.RPC[call].request or contract.Empty


def _dump(call: str, answer: Any) -> Payload:
    shown: Payload = dump(contract.RPC[call].response or contract.Empty, answer or {})
    return shown
