"""A campaign's life after the draft."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields

from contracts.campaigns.ab_tests import WinnerChoice
from contracts.campaigns.drafts import Campaign
from contracts.rpc import Call
from contracts.schema import Schema


class ScheduleRequest(Schema):
    """`at` with an offset is a moment; without one it is a local time of the account. Left out: at once.

    Of an hour that comes twice, when clocks are put back, it is the first; one that is left out, when they are put
    forward, is refused.
    """

    at = fields.DateTime(format="iso", allow_none=True, load_default=None)


_CAMPAIGN = {"campaign_id": UUID}
RPC: dict[str, Call] = {
    "schedule_campaign": Call(ScheduleRequest, Campaign, path=_CAMPAIGN),
    "pause_campaign": Call(response=Campaign, path=_CAMPAIGN),
    "resume_campaign": Call(response=Campaign, path=_CAMPAIGN),
    "cancel_campaign": Call(response=Campaign, path=_CAMPAIGN),
    "unschedule_campaign": Call(response=Campaign, path=_CAMPAIGN),
    "reschedule_campaign": Call(ScheduleRequest, Campaign, path=_CAMPAIGN),
    "approve_campaign": Call(response=Campaign, path=_CAMPAIGN),
    "choose_winner": Call(WinnerChoice, Campaign, path=_CAMPAIGN),
}
