"""Who says what to whom. What stands nowhere here the message broker refuses (`chassis.bus`).

Who handles which event stands in `contracts.events`; whose the event is, says its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from contracts.channel import CHANNELS
from contracts.events import ACCESS_CHANGED, Event
from contracts.lanes import (
    BATCHES_DONE,
    CARRIER_REPORTS,
    CHAIN_EVENTS,
    DELIVERY_EVENTS,
    ENGAGEMENT,
    OTT_REPORTS,
    RCS_REPORTS,
    SHORT_LINKS,
    VIBER_REPORTS,
    WEBHOOK_EVENTS,
    channel_lane,
)
from contracts.vocabulary import Lane

_CHANNELS = tuple(facts.service for facts in CHANNELS.values())
_OWN_LANES = {channel_lane(channel, lane): facts.service for channel, facts in CHANNELS.items() for lane in facts.lanes}
_BULK = tuple(channel_lane(channel, Lane.BULK) for channel in CHANNELS)

# Who takes a lane's messages.
LANE_READERS: Mapping[str, str] = MappingProxyType(
    {
        **_OWN_LANES,
        DELIVERY_EVENTS: "reporting",
        WEBHOOK_EVENTS: "reporting",
        CHAIN_EVENTS: "campaigns",
        BATCHES_DONE: "campaigns",
        ENGAGEMENT: "contacts",
        SHORT_LINKS: "api_gateway",
        CARRIER_REPORTS: "sms_gateway",
        OTT_REPORTS: "ott_gateway",
        RCS_REPORTS: "rcs_gateway",
        VIBER_REPORTS: "viber_gateway",
    }
)

# Who writes into a lane. A channel writes what was asked of it alone into its own.
LANE_WRITERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{lane: (owner, "campaigns") if lane in _BULK else (owner,) for lane, owner in _OWN_LANES.items()},
        DELIVERY_EVENTS: (*_CHANNELS, "api_gateway"),
        BATCHES_DONE: _CHANNELS,
        ENGAGEMENT: ("reporting",),
        SHORT_LINKS: ("sms_gateway",),
        CARRIER_REPORTS: ("api_gateway",),
        OTT_REPORTS: ("api_gateway",),
        RCS_REPORTS: ("api_gateway",),
        VIBER_REPORTS: ("api_gateway",),
        WEBHOOK_EVENTS: (),  # a copy: whoever writes into the other
        CHAIN_EVENTS: (),
    }
)

# Who hears an event in every process of its own, on queues that go with them.
BROADCASTS: Mapping[Event, tuple[str, ...]] = MappingProxyType({ACCESS_CHANGED: ("api_gateway",)})

_QUOTA = ("identity.lease_quota", "identity.use_quota", "identity.release_quota")
# Whom a campaign must leave out by now: a channel asks before it tries again.
_LEFT_OUT = "contacts.check_addressees"
# What is known to have left, where a ledger was restored that is older than that.
_HAS_LEFT = "reporting.get_message"

# Which calls a service makes; `*` for the gateway, which asks on behalf of everybody outside.
CALLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "identity": (),
        "contacts": (
            "identity.check_limit",
            "identity.get_account",
            "identity.get_standing",
            "email_gateway.check_sender",
            "campaigns.list_campaigns_needing",
            "reporting.get_message",
            "reporting.list_report_recipients",
            *(
                f"{service}.{method}"
                for service in (*_CHANNELS, "campaigns", "reporting")
                for method in ("export_person", "erase_person")
            ),
        ),
        "campaigns": (
            "identity.get_account",
            "identity.reserve_quota",
            "identity.use_quota",
            "identity.release_quota",
            "contacts.check_fields",
            "contacts.count_audience",
            "contacts.sample_audience",
            "contacts.find_archived",
            "contacts.get_contact",
            "contacts.snapshot_audience",
            "contacts.get_snapshot",
            "contacts.read_audience",
            "contacts.read_step_audience",
            "contacts.count_strangers",
            "contacts.let_go_of_audience",
            "contacts.drop_snapshot",
            "reporting.count_variants",
            "reporting.get_message",
            "reporting.find_read",
            *(
                facts.call(method)
                for facts in CHANNELS.values()
                for method in (
                    "prepare_content",
                    "render_preview",
                    "check_content",
                    "send_test",
                    "count_campaign",
                    "check_message",
                    "send_messages",
                    "get_message",
                    "revoke_message",
                    "take_back_messages",
                )
            ),
            "email_gateway.attach_files",
            "email_gateway.get_link_labels",
        ),
        "sms_gateway": (*_QUOTA, _LEFT_OUT, _HAS_LEFT, "contacts.sample_audience", "contacts.count_audience"),
        "email_gateway": (*_QUOTA, _LEFT_OUT, _HAS_LEFT, "identity.get_account", "campaigns.get_template"),
        "push_gateway": (*_QUOTA, _LEFT_OUT, _HAS_LEFT, "contacts.note_device"),
        "ott_gateway": (*_QUOTA, _LEFT_OUT, _HAS_LEFT),
        "rcs_gateway": (*_QUOTA, _LEFT_OUT, _HAS_LEFT),
        "viber_gateway": (*_QUOTA, _LEFT_OUT, _HAS_LEFT),
        "reporting": (
            "campaigns.get_progress",
            "campaigns.get_link_labels",
            "identity.get_account",
            "contacts.begin_report_group",
            "contacts.begin_report_archive",
            "contacts.count_growth",
            *(facts.call("get_message") for facts in CHANNELS.values()),
        ),
        "api_gateway": ("*",),
    }
)
