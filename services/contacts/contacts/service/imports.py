"""Entrypoints about imports."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contacts.service.base import Base
from contacts.usecases import imports, previews
from contracts.rpc import Actor


class Imports(Base):
    @rpc
    def preview_import(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("preview_import", previews.preview, actor, payload)

    @rpc
    def create_import(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_import", imports.create, actor, payload, terms=self.terms_of(actor))

    @rpc
    def list_imports(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_imports", imports.list_imports, actor, payload)

    @rpc
    def get_import(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_import", imports.get, actor, payload)

    @rpc
    def cancel_import(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("cancel_import", imports.cancel, actor, payload)
