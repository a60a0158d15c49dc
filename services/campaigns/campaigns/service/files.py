"""Files: uploads a piece at a time, what is known of them, and what strangers read."""

from __future__ import annotations

from typing import Any

from campaigns.service.base import CampaignEntrypoints
from campaigns.usecases import files, public_files, uploads
from chassis.service import Payload, rpc
from contracts.rpc import Actor


class Files(CampaignEntrypoints):
    @rpc
    def begin_upload(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("begin_upload", uploads.begin_upload, actor, payload)

    @rpc
    def append_upload(self, actor: Actor, payload: Payload) -> Payload:
        return self._run_with_tools("append_upload", uploads.append_upload, actor, payload)

    @rpc
    def create_file(self, actor: Actor, payload: Payload) -> Payload:
        return self._run_with_tools("create_file", files.create_file, actor, payload)

    @rpc
    def get_file(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_file", files.get_file, actor, payload, tools=self.file_tools)

    @rpc
    def list_files(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_files", files.list_files, actor, payload, tools=self.file_tools)

    @rpc
    def update_file(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_file", files.update_file, actor, payload, tools=self.file_tools)

    @rpc
    def delete_file(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_file", files.delete_file, actor, payload, tools=self.file_tools)

    @rpc
    def open_public_file(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("open_public_file", public_files.open_public_file, actor, payload)

    @rpc
    def read_public_file(self, actor: Actor, payload: Payload) -> Payload:
        return self._run_with_tools("read_public_file", public_files.read_public_file, actor, payload)

    def _run_with_tools(self, name: str, use_case: Any, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(name, use_case, actor, payload, tools=self.file_tools)
