"""Entrypoints about files: uploads and downloads, a chunk at a time."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contacts.service.base import Base
from contacts.usecases import files
from contracts.rpc import Actor


class Files(Base):
    @rpc
    def begin_upload(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("begin_upload", files.begin, actor, payload)

    @rpc
    def append_upload(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("append_upload", files.append, actor, payload)

    @rpc
    def read_file(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("read_file", files.read, actor, payload)
