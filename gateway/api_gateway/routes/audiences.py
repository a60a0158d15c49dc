"""Audiences before there is a campaign, and the cap on how many messages a person gets."""

from __future__ import annotations

from api_gateway.routing import Route
from contracts.contacts import audiences, frequency_caps

_TAGS = ["Campaigns"]
_GROUP = "01935880-1d2b-7f00-8a61-5c0f9e3d2b10"
_CAP = {"cap": {"messages": 3, "days": 7}}

ROUTES = [
    Route(
        "POST",
        "/v1/audiences/count",
        rpc="contacts.break_down_audience",
        permission="contacts.read",
        summary="Count whom an audience reaches, and why others are not",
        description="Each contact of its groups and segments counts once, by the first reason in the order of the"
        " figures; with `also_on`, by why none of the channels reaches it. For drafts and before there are any.",
        request=audiences.AudienceCount,
        response=frequency_caps.AudienceBreakdown,
        tags=_TAGS,
        deadline=30.0,
        example={"channel": "email", "audience": {"groups": [_GROUP]}},
        response_example={
            "total": 12400,
            "reachable": 11954,
            "excluded": 0,
            "without_address": 120,
            "archived": 83,
            "without_consent": 201,
            "capped": 42,
            "not_proved": 0,
        },
    ),
    Route(
        "GET",
        "/v1/frequency-cap",
        rpc="contacts.get_frequency_cap",
        permission="account.read",
        summary="The account's frequency cap",
        response=frequency_caps.FrequencyCapSetting,
        tags=_TAGS,
        response_example=_CAP,
    ),
    Route(
        "PUT",
        "/v1/frequency-cap",
        rpc="contacts.set_frequency_cap",
        permission="account.campaigns",
        summary="Set or lift the account's frequency cap",
        description=(
            "At most `messages` campaign messages to a person in `days` days (UTC, today among them), over all"
            " channels. A message counts once it is handed over, which is known here seconds later; who has had as"
            " many is left out when their turn comes, as `capped`. Single messages neither count nor are left out."
        ),
        request=frequency_caps.FrequencyCapSetting,
        response=frequency_caps.FrequencyCapSetting,
        tags=_TAGS,
        example=_CAP,
        response_example=_CAP,
    ),
]
