"""Recipients of a campaign who did or did not: as a list, a file, a group; and archiving those who do not exist."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.bulk import Bulk
from contracts.contacts.groups import Combination
from contracts.reporting.messages import MessagePage
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field


class Who(StrEnum):
    """Which recipients of a campaign: `not_opened` and `not_clicked` are among the delivered."""

    OPENED = "opened"
    NOT_OPENED = "not_opened"
    CLICKED = "clicked"
    NOT_CLICKED = "not_clicked"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    HARD_BOUNCED = "hard_bounced"
    SOFT_BOUNCED = "soft_bounced"
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"


class RecipientsQuery(PageQuery):
    """Query of `GET /v1/campaigns/{id}/report/recipients`."""

    who = fields.Enum(Who, by_value=True, required=True)


class ReportFile(Schema):
    """Query of `GET /v1/campaigns/{id}/report/file`."""

    who = fields.Enum(Who, by_value=True)


class ReportPiece(ReportFile):
    """One piece of the file: a table of messages, as text or as a spreadsheet.

    `state` is what the piece before came with: a spreadsheet goes on from it.
    """

    seq = fields.Integer(required=True, validate=validate.Range(min=0))
    format = fields.String(load_default="csv", validate=validate.OneOf(["csv", "xlsx"]))
    state = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))


class FilePiece(Schema):
    chunk = fields.String(allow_none=True, metadata={"description": "base64; null after the last"})
    state = fields.String(allow_none=True, metadata={"description": "For the next piece"})


class ReportPrint(Schema):
    language = fields.String(load_default="pl", validate=validate.OneOf(["pl", "en"]))


class PrintedReport(Schema):
    """A PDF, base64."""

    content = fields.String()


class ReportGroupCreate(Schema):
    """A group of the contacts who did, or did not."""

    who = fields.Enum(Who, by_value=True, required=True)
    name = line_field(200, 1, required=True)


class ReportArchive(Schema):
    """Which addresses of a campaign are archived: those that do not exist."""

    who = fields.String(required=True, validate=validate.OneOf(["hard_bounced"]))


_CAMPAIGN = {"campaign_id": UUID}
RPC: dict[str, Call] = {
    "list_report_recipients": Call(RecipientsQuery, MessagePage, path=_CAMPAIGN),
    "export_report": Call(ReportPiece, FilePiece, path=_CAMPAIGN),
    "print_report": Call(ReportPrint, PrintedReport, path=_CAMPAIGN),
    "create_report_group": Call(ReportGroupCreate, Combination, path=_CAMPAIGN),
    "archive_report_recipients": Call(ReportArchive, Bulk, path=_CAMPAIGN),
}
