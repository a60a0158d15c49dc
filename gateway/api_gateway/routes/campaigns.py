"""Campaigns: drafts, previews, and their life."""

from __future__ import annotations

from typing import Any

from flask import Response

from api_gateway.clients import RemoteFailure
from api_gateway.context import RequestContext
from api_gateway.routing import ANYONE, Route
from contracts.campaigns import ab_tests, content, drafts, follow_ups, life, rules
from contracts.errors import Unavailable
from contracts.permissions import is_granted

_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11"
_GROUP = "01935880-1d2b-7f00-8a61-5c0f9e3d2b10"
_CONTACT = "01935881-77aa-7c12-b0de-1f2e3d4c5b6a"
_CHANNELS = "The right is checked for the campaign's own channel: `sms.campaigns.…` or `email.campaigns.…`."
_TRIED = (
    "The content is tried with about a hundred of the audience, and with people who have every field"
    " or none: 422 `campaign.content_fails` says in `errors` in which text, at which line and column, and why; beside"
    " them stand `looked_at`, how many of the audience were tried, `hit`, for how many it fails, and, for who has"
    " `contacts.read`, one of them (`contact_id`)."
)

_DRAFT = {
    "name": "Wiosna 2027",
    "channel": "sms",
    "sender": "WICI",
    "audience": {"groups": [_GROUP], "segments": [], "exclude_groups": [], "exclude_segments": [], "follow_up": None},
    "content": {"text": "Cześć {{ first_name | default('') }}, kod {{ discount_code }} czeka do piątku."},
    "options": {"throttle_per_hour": 36000, "quiet_hours": {"start": "21:00", "end": "08:00"}},
}
_NOBODY_LEFT_OUT = {"archived": 0, "erased": 0, "withdrawn": 0, "deleted": 0, "changed": 0, "capped": 0, "reached": 0}
_EMPTY_PROGRESS = {
    "recipients": None,
    "published": 0,
    "submitted": 0,
    "failed": 0,
    "deferred": 0,
    "left_out": _NOBODY_LEFT_OUT,
    "left_lists": 0,
    "to_come": None,
}
_CREATED = {
    "id": _ID,
    **_DRAFT,
    "channels": ["sms"],
    "steps": None,
    "step_of": None,
    "folder": "Sezonowe",
    "tags": ["wiosna"],
    "state": "draft",
    "send_at": None,
    "time_zone": None,
    "local_at": None,
    "approval": None,
    "booster_of": None,
    "booster_after": None,
    "ab_test": None,
    "ab_progress": None,
    "progress": _EMPTY_PROGRESS,
    "failure": None,
    "created_at": "2026-11-24T09:00:00+00:00",
    "updated_at": "2026-11-24T09:00:00+00:00",
    "started_at": None,
    "finished_at": None,
}
_SCHEDULED = {**_CREATED, "state": "scheduled", "send_at": "2026-12-24T17:00:00+00:00", "time_zone": "Europe/Warsaw"}
_SENDING = {
    **_SCHEDULED,
    "state": "sending",
    "started_at": "2026-12-24T17:00:01+00:00",
    "progress": {
        "recipients": 12000,
        "published": 8000,
        "submitted": 7480,
        "failed": 12,
        "deferred": 8,
        "left_out": {**_NOBODY_LEFT_OUT, "archived": 3, "withdrawn": 1},
        "left_lists": 0,
        "to_come": 4496,
    },
}
_PAUSED = {**_SENDING, "state": "paused"}
_CANCELLED = {**_SENDING, "state": "cancelled", "finished_at": "2026-12-24T17:05:00+00:00"}
_SUMMARY: dict[str, Any] = {
    name: value for name, value in _SENDING.items() if name not in ("content", "ab_test", "steps")
}
_SUMMARY |= {"rates": {"delivery_rate": 0.981, "click_rate": 0.0412}}
_AB_TEST = {
    "variants": [
        {"name": "Pytanie", "content": {"subject": "Co zabrać na wiosnę?"}},
        {"name": "Rabat", "content": {"subject": "Wiosna −20 %"}},
    ],
    "share_percent": 20,
    "metric": "opens",
    "wait_minutes": 240,
    "if_undecided": "first",
}
_FOLLOWERS = {
    "groups": [],
    "segments": [],
    "exclude_groups": [],
    "exclude_segments": [],
    "follow_up": {"campaign_id": _ID, "who": "not_opened"},
}
_ONE = "/v1/campaigns/<uuid:campaign_id>"
_RULES = {"quiet_hours": {"start": "21:00", "end": "08:00"}, "approval_above": 10000}

# A list that waits for its rates longer than this is shown without them.
_RATES_SECONDS = 2.0


def list_campaigns(context: RequestContext) -> Response:
    """Campaigns with how they went; without reporting the rest is still worth an answer."""
    page = context.call("campaigns.list_campaigns")
    rates = _rates(context, [one["id"] for one in page["items"] if one["started_at"] is not None])
    return context.answer({**page, "items": [{**one, "rates": rates.get(one["id"])} for one in page["items"]]})


def _rates(context: RequestContext, campaign_ids: list[str]) -> dict[str, Any]:
    if not campaign_ids or not is_granted("reports.read", context.actor["permissions"]):
        return {}
    try:
        told = context.call("reporting.list_rates", {"campaign_ids": campaign_ids}, deadline=_RATES_SECONDS)
    except (Unavailable, RemoteFailure):  # an older reporting knows of no such call
        return {}
    return dict(told["rates"])


ROUTES = [
    Route(
        "GET",
        "/v1/campaign-rules",
        rpc="campaigns.get_campaign_rules",
        permission="account.read",
        summary="What all campaigns of the account keep to",
        response=rules.CampaignRules,
        tags=["Campaigns"],
        response_example=_RULES,
    ),
    Route(
        "PUT",
        "/v1/campaign-rules",
        rpc="campaigns.set_campaign_rules",
        permission="account.campaigns",
        summary="Set what all campaigns of the account keep to",
        description=(
            "Quiet hours hold from the next second on, also for what is being sent: nothing starts in them, in the"
            " account's zone or, of a campaign with `time_zone_field`, in the recipient's. A campaign to more"
            " recipients than `approval_above` waits, when it is scheduled or when it starts and has grown, until a"
            " second person approves it."
        ),
        request=rules.CampaignRules,
        response=rules.CampaignRules,
        tags=["Campaigns"],
        example=_RULES,
        response_example=_RULES,
    ),
    Route(
        "GET",
        "/v1/campaigns",
        handler=list_campaigns,
        permission=ANYONE,
        service_checked="sms.campaigns.read",
        summary="Campaigns, newest first",
        description="Those of the channels that you may see, without their content; `q` is a part of the name."
        f" {_CHANNELS}",
        query=drafts.CampaignQuery,
        response=drafts.CampaignPage,
        tags=["Campaigns"],
        response_example={"items": [_SUMMARY], "next_cursor": None, "total": 1, "total_is_estimate": False},
    ),
    Route(
        "POST",
        "/v1/campaigns",
        rpc="campaigns.create_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.write",
        summary="Draft a campaign",
        description=(
            "A draft may be incomplete. For SMS `sender` is a sender id and `content` has `text`, and if you like"
            " `short_links` and `utm`; for e-mail `sender`"
            " is `{from_email, from_name?, reply_to?}` and `content` has `subject`, `html`, and if you like"
            f" `preheader`, `text`, and `tracking` to switch `opens` or `clicks` off. {_CHANNELS} With `ab_test` a"
            " share of the audience gets two to five variants, each of them as many: `sender` and parts of"
            " `content` that a variant names stand in place of the campaign's. Once the channel has the last of"
            " these, the wait runs; then the variant with the highest rate goes to the rest, where a two-proportion"
            " test says that the difference is not chance (p < 0.05), and else what `if_undecided` says: the `first`,"
            " or nothing until a person chooses (`wait`). With `steps` in place of `channel`, `sender` and `content` it"
            " is a campaign over several channels: see `GET /v1/campaigns/{campaign_id}/steps`. It takes the right on"
            " each step's channel."
        ),
        request=drafts.CampaignCreate,
        response=drafts.Campaign,
        status=201,
        location="/v1/campaigns/{id}",
        idempotent=True,
        tags=["Campaigns"],
        example=_DRAFT,
        response_example=_CREATED,
    ),
    Route(
        "GET",
        _ONE,
        rpc="campaigns.get_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.read",
        summary="One campaign and how far it is",
        description=(
            "`progress` counts recipients: numbered, handed to the channel, and what the channel says: submitted to a"
            " carrier or server, failed for good, or deferred and tried again; who is left out for what they"
            " did since the audience was numbered, by the reason; and how many are to come. `failure` says why it has"
            " failed, or why it is paused though nobody paused it: `campaign.content_fails` where no message could be"
            " made of the content for twenty recipients or more and one in a hundred, `email.sender_records_lost` where"
            " so many were refused because DNS records of the sender's domain are gone."
        ),
        response=drafts.Campaign,
        tags=["Campaigns"],
        response_example=_SENDING,
    ),
    Route(
        "GET",
        f"{_ONE}/left-out",
        rpc="campaigns.list_left_out",
        permission=ANYONE,
        service_checked="sms.campaigns.read",
        summary="Who of the audience was left out, and why",
        description="Those who were left out when their turn came, in the order of the audience, for 90 days."
        " Whom the channel left out when it tried again stands in the message log, `rejected` with"
        " `recipient.archived` and the like.",
        query=drafts.LeftOutQuery,
        response=drafts.LeftOutPage,
        tags=["Campaigns"],
        response_example={
            "items": [{"number": 17, "reason": "archived", "contact_id": _CONTACT}],
            "next_cursor": None,
        },
    ),
    Route(
        "PATCH",
        _ONE,
        rpc="campaigns.update_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.write",
        summary="Change a draft",
        description="What is left out stays; a part that is given replaces that part whole. 409 once it is scheduled.",
        request=drafts.CampaignUpdate,
        response=drafts.Campaign,
        tags=["Campaigns"],
        example={"name": "Wiosna 2027, druga wersja", "options": {"throttle_per_hour": 60000}},
        response_example={
            **_CREATED,
            "name": "Wiosna 2027, druga wersja",
            "options": {"throttle_per_hour": 60000},
        },
    ),
    Route(
        "DELETE",
        _ONE,
        rpc="campaigns.delete_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.write",
        summary="Delete a draft or a campaign that is over",
        status=204,
        tags=["Campaigns"],
    ),
    Route(
        "POST",
        f"{_ONE}/preview",
        ceiling="previews",
        rpc="campaigns.preview_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.read",
        summary="Render a campaign for one contact or a sample",
        description=f"422 `campaign.unknown_fields` names the fields of the content that no contact has. {_TRIED} With"
        " `contact_id` it needs `contacts.read` as well.",
        request=content.PreviewRequest,
        about=drafts.CampaignUpdate,
        response=content.Preview,
        deadline=20.0,
        tags=["Campaigns"],
        example={"contact_id": _CONTACT},
        response_example={
            "channel": "sms",
            "variables": ["discount_code", "first_name"],
            "rendered": {
                "text": "Cześć Anna, kod LATO10 czeka do piątku.",
                "encoding": "ucs2",
                "characters": 39,
                "units": 39,
                "parts": 1,
                "offending": ["ś", "ć", "ą"],
                "sender": "WICI",
            },
        },
    ),
    Route(
        "POST",
        f"{_ONE}/test",
        rpc="campaigns.test_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.send",
        summary="Send a campaign to up to ten chosen addresses",
        description="Rendered for a contact, with given fields, or with both; the fields win. With `contact_id`"
        " it needs `contacts.read` as well. It goes once to each address, and an e-mail's subject begins with [Test]."
        " 422 `address.archived` names those that are in the archive, `campaign.content_fails` where the content fails"
        " for these fields.",
        request=content.TestRequest,
        about=drafts.CampaignUpdate,
        response=content.TestSent,
        status=202,
        retry_after=1,
        idempotent=True,
        deadline=30.0,
        tags=["Campaigns"],
        example={"addresses": ["+48600100200"], "fields": {"first_name": "Anna", "discount_code": "LATO10"}},
        response_example={"messages": [{"id": _ID, "to": "+48600100200", "parts": 1}]},
    ),
    Route(
        "POST",
        f"{_ONE}/schedule",
        rpc="campaigns.schedule_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.send",
        summary="Schedule a campaign, at once or at a time",
        description=(
            "`at` with an offset is a moment; without one it is a local time of the account, or, of a campaign with"
            " `options.time_zone_field`, of each recipient: it begins where the hour comes first. Where clocks leave"
            " that hour out it goes when they show the next; of one that comes twice it is the first. Checks the"
            " sender, the content and its fields, that somebody can be reached, and reserves the quota: 402"
            f" `quota.exhausted` where it does not reach. {_TRIED} Of a campaign of steps each is checked, and refused"
            " by its field (`steps.1.sender`): 422 `campaign.step_reaches_nobody` where nobody of the audience can be"
            " reached on its channel. The quota of the first is reserved for all, of a later one for whom it comes to:"
            " where it does not reach then, the campaign pauses."
        ),
        request=life.ScheduleRequest,
        about=drafts.CampaignUpdate,
        response=drafts.Campaign,
        idempotent=True,
        deadline=30.0,
        tags=["Campaigns"],
        example={"at": "2026-12-24T18:00"},
        response_example=_SCHEDULED,
    ),
    Route(
        "POST",
        f"{_ONE}/pause",
        rpc="campaigns.pause_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.send",
        summary="Pause a campaign within seconds",
        description="What the channel has already been given, a few batches of 500 at most, still goes out.",
        response=drafts.Campaign,
        tags=["Campaigns"],
        response_example=_PAUSED,
    ),
    Route(
        "POST",
        f"{_ONE}/resume",
        rpc="campaigns.resume_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.send",
        summary="Go on with a paused campaign",
        description="One that paused because its content fails goes on without those for whom it did, and pauses again"
        " where it fails for as many more.",
        response=drafts.Campaign,
        tags=["Campaigns"],
        response_example=_SENDING,
    ),
    Route(
        "POST",
        f"{_ONE}/cancel",
        rpc="campaigns.cancel_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.send",
        summary="Cancel a campaign for good",
        description="What the channel has already been given still goes out; the rest of the quota returns.",
        response=drafts.Campaign,
        tags=["Campaigns"],
        response_example=_CANCELLED,
    ),
    Route(
        "PUT",
        f"{_ONE}/schedule",
        rpc="campaigns.reschedule_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.send",
        summary="Give a scheduled campaign another time",
        description="As in scheduling. An approval is void. 409 `campaign.is_starting` while its audience is taken.",
        request=life.ScheduleRequest,
        about=drafts.CampaignUpdate,
        response=drafts.Campaign,
        tags=["Campaigns"],
        example={"at": "2026-12-24T18:00"},
        response_example=_SCHEDULED,
    ),
    Route(
        "POST",
        f"{_ONE}/unschedule",
        rpc="campaigns.unschedule_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.send",
        summary="Make a scheduled campaign a draft again",
        description="As long as it has not started; its quota returns and an approval is void. 409"
        " `campaign.is_starting` while its audience is taken.",
        response=drafts.Campaign,
        deadline=30.0,
        tags=["Campaigns"],
        response_example=_CREATED,
    ),
    Route(
        "POST",
        f"{_ONE}/approve",
        rpc="campaigns.approve_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.approve",
        summary="Approve a large campaign of somebody else",
        description="It goes at its time, or at once where that is over. 403 `approval.same_person` for who scheduled"
        " it or changed it last, `approval.session_needed` for a key; 409 `campaign.awaits_no_approval`.",
        response=drafts.Campaign,
        tags=["Campaigns"],
        response_example={
            **_SCHEDULED,
            "approval": {"is_given": True, "approved_by": _CONTACT, "approved_at": "2026-12-23T12:00:00+00:00"},
        },
    ),
    Route(
        "POST",
        f"{_ONE}/follow-up",
        rpc="campaigns.follow_up_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.write",
        summary="Draft a campaign for those who did, or did not",
        description="`audience.follow_up` of any draft does the same. Who they are is seen when it starts: delivered,"
        " opened or clicked as the report says, or not; of who is not delivered yet nothing is known.",
        request=follow_ups.FollowUpRequest,
        response=drafts.Campaign,
        status=201,
        location="/v1/campaigns/{id}",
        idempotent=True,
        tags=["Campaigns"],
        example={"who": "not_opened"},
        response_example={**_CREATED, "name": "Follow-up of Wiosna 2027", "audience": _FOLLOWERS},
    ),
    Route(
        "POST",
        f"{_ONE}/booster",
        rpc="campaigns.boost_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.send",
        summary="Schedule a booster of a campaign",
        description="It goes by itself from two hours to seven days after the campaign has been sent, to those who"
        " did or did not by then; its quota is reserved when it starts. It is a campaign of its own and can be paused,"
        " cancelled or made a draft; it is cancelled where the campaign is cancelled or fails. 409"
        " `campaign.tests_variants`, `campaign.is_booster`, `campaign.has_booster`, `campaign.is_over`.",
        request=follow_ups.BoosterRequest,
        response=drafts.Campaign,
        status=201,
        location="/v1/campaigns/{id}",
        idempotent=True,
        deadline=30.0,
        tags=["Campaigns"],
        example={
            "who": "not_clicked",
            "after_minutes": 1440,
            "channel": "sms",
            "sender": "WICI",
            "content": {"text": "Kod czeka do piątku."},
        },
        response_example={
            **_SCHEDULED,
            "name": "Booster of Wiosna 2027",
            "send_at": None,
            "audience": _FOLLOWERS,
            "options": {},
            "content": {"text": "Kod czeka do piątku."},
            "booster_of": _ID,
            "booster_after": 1440,
        },
    ),
    Route(
        "POST",
        f"{_ONE}/winner",
        rpc="campaigns.choose_winner",
        permission=ANYONE,
        service_checked="sms.campaigns.send",
        summary="Choose which variant of an A/B test the rest gets",
        description="At any time from the start of the test, whatever the figures say; once."
        " Who has been given a variant keeps it. 409 `campaign.no_winner_to_choose` where one has won already.",
        request=ab_tests.WinnerChoice,
        response=drafts.Campaign,
        tags=["Campaigns"],
        example={"variant": "Rabat"},
        response_example={
            **_SENDING,
            "channel": "email",
            "sender": {"from_email": "sklep@example.com"},
            "content": {"subject": "Wiosna", "html": "<p>Cześć! <a href='{{ unsubscribe_url }}'>Wypisz</a></p>"},
            "ab_test": _AB_TEST,
            "ab_progress": {
                "stage": "decided",
                "recipients_each": 1200,
                "tested_at": "2026-12-24T17:01:00+00:00",
                "winner": "Rabat",
                "chosen_by": _ID,
                "decision": None,
            },
        },
    ),
    Route(
        "POST",
        f"{_ONE}/duplicate",
        rpc="campaigns.duplicate_campaign",
        permission=ANYONE,
        service_checked="sms.campaigns.write",
        summary="Make a new draft of any campaign",
        request=drafts.DuplicateRequest,
        response=drafts.Campaign,
        status=201,
        location="/v1/campaigns/{id}",
        idempotent=True,
        tags=["Campaigns"],
        example={"name": "Lato 2027"},
        response_example={**_CREATED, "name": "Lato 2027"},
    ),
]
