"""Reports that come by mail to the account's own users, in their language."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, Word, page_of

MOST_USERS = 20


class ScheduleKind(StrEnum):
    """When a report comes: on Mondays and on the first of a month at 8 in the account's time zone, of the week or the
    month before; or a day after a campaign is `sent`, of that campaign."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    CAMPAIGN = "campaign"


class ReportScheduleCreate(Schema):
    kind = fields.Enum(ScheduleKind, by_value=True, required=True)
    user_ids = fields.List(
        fields.UUID(),
        load_default=list,
        validate=validate.Length(max=MOST_USERS),
        metadata={"description": "Users of the account; by default whoever asks. Who may not read reports gets none"},
    )


class ReportSchedule(Schema):
    id = fields.UUID()
    kind = Word(ScheduleKind)
    user_ids = fields.List(fields.UUID())
    next_at = fields.AwareDateTime(allow_none=True, metadata={"description": "Null after each campaign"})
    last_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()


ReportSchedulePage = page_of(ReportSchedule)

RPC: dict[str, Call] = {
    "create_report_schedule": Call(ReportScheduleCreate, ReportSchedule),
    "list_report_schedules": Call(PageQuery, ReportSchedulePage),
    "delete_report_schedule": Call(path={"schedule_id": UUID}),
}
