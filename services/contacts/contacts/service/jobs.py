"""Entrypoints about jobs of all kinds."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contacts.service.base import Base
from contacts.usecases import jobs
from contracts.rpc import Actor


class Jobs(Base):
    @rpc
    def list_jobs(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_jobs", jobs.list_jobs, actor, payload)

    @rpc
    def get_job(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_job", jobs.get, actor, payload)
