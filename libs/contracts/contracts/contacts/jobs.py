"""The account's long work, of whatever kind: what a panel that was closed finds again."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from marshmallow import fields

from contracts.contacts.shapes import JobError, word_of
from contracts.lists import counted_page_of
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema
from contracts.vocabulary import JobState


class JobKind(StrEnum):
    """What it is; of each kind one resource says more."""

    IMPORT = "import"
    EXPORT = "export"
    BULK = "bulk"
    COMBINATION = "combination"
    PERSON_EXPORT = "person_export"
    ERASURE = "erasure"


class JobQuery(PageQuery):
    kind = fields.Enum(JobKind, by_value=True, load_default=None, allow_none=True)
    open = fields.Boolean(
        load_default=None, allow_none=True, metadata={"description": "those that wait or run; false: those that ended"}
    )


class Job(Schema):
    id = fields.UUID()
    kind = word_of(JobKind)
    state = word_of(JobState)
    done = fields.Integer(metadata={"volatile": True})
    total = fields.Integer(allow_none=True)
    error = fields.Nested(JobError, allow_none=True)
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


JobPage = counted_page_of(Job)

RPC = {
    "list_jobs": Call(JobQuery, JobPage),
    "get_job": Call(None, Job, path={"job_id": UUID}),
}
