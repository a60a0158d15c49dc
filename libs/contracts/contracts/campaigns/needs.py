"""What campaigns that are scheduled or running need of contacts: asked before one of these is deleted."""

from __future__ import annotations

from marshmallow import fields

from contracts.rpc import Call
from contracts.schema import Schema


class Needed(Schema):
    """Groups, segments and keys of fields, any of which a campaign may need."""

    groups = fields.List(fields.UUID(), load_default=list)
    segments = fields.List(fields.UUID(), load_default=list)
    fields_ = fields.List(fields.String(), data_key="fields", load_default=list)


class NeedingCampaign(Schema):
    id = fields.UUID()
    name = fields.String()


class NeedingCampaigns(Schema):
    """The campaigns that need any of them, a hundred at most."""

    campaigns = fields.List(fields.Nested(NeedingCampaign))


RPC: dict[str, Call] = {"list_campaigns_needing": Call(Needed, NeedingCampaigns)}
