"""API keys: listed, made, revoked; and when each was last used."""

from __future__ import annotations

from nameko.timer import timer

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import api_keys

LAST_USE_SECONDS = 5


class ApiKeyCalls(IdentityEntrypoints):
    """API keys."""

    @rpc
    def list_api_keys(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_api_keys", api_keys.list_api_keys, actor, payload)

    @rpc
    def create_api_key(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_api_key", api_keys.create, actor, payload)

    @rpc
    def get_api_key(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_api_key", api_keys.get, actor, payload)

    @rpc
    def update_api_key(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_api_key", api_keys.rename, actor, payload)

    @rpc
    def rotate_api_key(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("rotate_api_key", api_keys.rotate, actor, payload)

    @rpc
    def list_api_key_uses(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_api_key_uses", api_keys.list_uses, actor, payload)

    @rpc
    def revoke_api_key(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("revoke_api_key", api_keys.revoke, actor, payload)

    @timer(interval=LAST_USE_SECONDS)
    def store_last_uses(self) -> None:
        with self.database.transaction() as session:
            api_keys.record_uses(session, self.last_uses.take())
