"""Entrypoints about files, imports, the archive and audiences."""

from __future__ import annotations

from chassis.service import rpc
from contacts.service.base import Base, Payload
from contacts.usecases import archive, audience, files, imports, previews
from contracts.rpc import Actor


class Lists(Base):
    @rpc
    def begin_upload(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("begin_upload", files.begin, actor, payload)

    @rpc
    def append_upload(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("append_upload", files.append, actor, payload)

    @rpc
    def read_file(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("read_file", files.read, actor, payload)

    @rpc
    def preview_import(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("preview_import", previews.preview, actor, payload)

    @rpc
    def create_import(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_import", imports.create, actor, payload, terms=self.terms_of(actor))

    @rpc
    def list_imports(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_imports", imports.list_page, actor, payload)

    @rpc
    def get_import(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_import", imports.get, actor, payload)

    @rpc
    def cancel_import(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("cancel_import", imports.cancel, actor, payload)

    @rpc
    def list_archive(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_archive", archive.list_page, actor, payload)

    @rpc
    def archive_addresses(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("archive_addresses", archive.add, actor, payload)

    @rpc
    def restore_address(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("restore_address", archive.restore, actor, payload)

    @rpc
    def count_audience(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("count_audience", audience.count, actor, payload)

    @rpc
    def snapshot_audience(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("snapshot_audience", audience.request_snapshot, actor, payload)

    @rpc
    def get_snapshot(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_snapshot", audience.get, actor, payload)

    @rpc
    def read_audience(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("read_audience", audience.read, actor, payload)

    @rpc
    def drop_snapshot(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("drop_snapshot", audience.drop, actor, payload)
