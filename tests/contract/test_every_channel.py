"""A channel is a channel everywhere: what names the channels one by one names all of them.

`CHANNELS` is the list; each line below is a place that would forget a new one silently. Whoever adds a channel goes
through those that fail (docs/adding-a-channel.md).
"""

import re
import tomllib
from typing import Any

import pytest
from system import ROOT, SERVICES

from api_gateway.routes import all_routes
from contacts.domain import columns, person, rule_terms, rules
from contacts.domain import sign_ups as rules_of_forms
from contacts.store import audiences, rule_sql
from contracts import lanes
from contracts.campaigns import chains
from contracts.campaigns.content import SCHEMA_OF
from contracts.campaigns.templates import TemplateCreate
from contracts.channel import CHANNELS
from contracts.contacts.archive import ArchiveAdd
from contracts.contacts.forms import ASKED_CHANNELS
from contracts.contacts.imports import ImportOptions
from contracts.contacts.people import Consents
from contracts.events import EVENTS, SUBSCRIPTIONS
from contracts.identity import plans
from contracts.neighbours import CALLS, LANE_READERS, LANE_WRITERS
from contracts.permissions import PERMISSIONS
from contracts.reporting.messages import MessageQuery
from contracts.reporting.webhooks import WebhookEvent
from contracts.vocabulary import Channel, Lane
from email_gateway.outbound.email import EmailOutbound
from identity.domain.plans import QUOTAS
from ott_gateway.outbound.whatsapp import WhatsappOutbound
from push_gateway.outbound.push import PushOutbound
from rcs_gateway.outbound.rcs import RcsOutbound
from reporting.domain import figures, retention
from sms_gateway.outbound.sms import SmsOutbound
from viber_gateway.outbound.viber import ViberOutbound

ROUTES = {(route.method, route.template): route for route in all_routes()}


@pytest.fixture(params=Channel, ids=str)
def channel(request):
    return request.param


def test_the_list_is_the_vocabulary():
    assert set(CHANNELS) == set(Channel)


def test_campaigns_and_templates_have_a_content_of_it(channel):
    assert channel in SCHEMA_OF
    assert TemplateCreate().load({"name": "T", "channel": channel, "content": {}})["channel"] is channel
    rights = {f"{channel}.campaigns.{right}" for right in ("read", "write", "send", "approve")}
    assert rights <= set(PERMISSIONS)


def test_a_step_of_a_message_over_several_channels_may_be_of_it(channel):
    facts, schema = CHANNELS[channel], chains.send_schema(channel)
    assert {"from", "to"} <= {field.data_key or name for name, field in schema().fields.items()}
    assert facts.address_field in chains.ADDRESS_FIELDS
    request = chains.send_of(channel, {"content": {}, "sender": "x"}, facts.sample_address)
    assert "to" not in schema().validate(request), "its sample address is one of its own"
    assert facts.tells_delivery or facts.tells_reading, "nothing is ever heard of it"
    for method in ("check_message", "send_messages", "get_message", "revoke_message"):
        assert facts.call(method) in CALLS["campaigns"]


def test_single_messages_of_it_are_sent_and_shown(channel):
    sends = [route for route in ROUTES.values() if route.rpc == CHANNELS[channel].call("send_messages")]
    assert len(sends) == 1 and sends[0].permission == f"{channel}.send" and sends[0].idempotent
    assert any(route.rpc == CHANNELS[channel].call("get_message") for route in ROUTES.values())
    assert {"external_id", "webhook_url"} <= set(chains.send_schema(channel)._declared_fields)


def test_people_consent_to_it_and_are_archived_for_it(channel):
    assert channel in Consents().fields
    assert audiences.ADDRESS[channel] == CHANNELS[channel].address_field
    assert f"{channel}_consent" in columns.CONSENT_FIELDS
    assert ImportOptions().load({"consent": [channel]})["consent"] == [channel]
    assert (channel in ASKED_CHANNELS) is (CHANNELS[channel].address_field in rules_of_forms.ASKABLE)
    entry = {"channel": channel, "addresses": ["x"], "reason": "spam"}
    assert "channel" not in ArchiveAdd().validate(entry)
    for language in ("pl", "en"):
        texts = tomllib.loads((ROOT / f"gateway/api_gateway/texts/{language}.toml").read_text())
        assert {f"{channel}_consent", f"{channel}_consent_at"} <= set(texts["fields"])


def test_segments_ask_for_consent_to_it_and_for_the_archive(channel):
    assert rule_terms.BUILT_IN[f"{channel}_consent"] is rule_terms.Kind.BOOLEAN
    assert rule_terms.BUILT_IN[f"{channel}_consent_at"] is rule_terms.Kind.DATE
    assert f"{channel}_consent_at" in rule_sql._MOMENTS
    assert rules._channels([str(channel)], "value") == (channel,)
    assert rules._engaged({"channels": [str(channel)]}, "value").channels == (channel,)


def test_plans_count_it(channel):
    quota = CHANNELS[channel].quota
    assert quota in QUOTAS
    named = [one for one in vars(plans).values() if isinstance(one, type)]
    schemas = [one for one in named if "sms" in getattr(one, "_declared_fields", {})]
    assert schemas and all(quota in schema._declared_fields for schema in schemas)


def test_reports_and_the_log_have_its_figures(channel):
    assert figures.report_counts(channel, dict.fromkeys(_counters(), 0))
    assert MessageQuery().load({"channel": channel})["channel"] is channel


def test_webhooks_are_told_what_becomes_of_its_messages_and_what_people_answer(channel):
    told = f"{channel}.received"
    assert (told in {str(event) for event in WebhookEvent}) is CHANNELS[channel].takes_answers
    if CHANNELS[channel].takes_answers:
        inbound = [
            event for event in EVENTS if event.name.endswith("_received") and event.source == CHANNELS[channel].service
        ]
        assert inbound and all(SUBSCRIPTIONS[event][0].startswith("reporting.") for event in inbound)


def test_its_lanes_are_read_and_written_and_its_service_asked_about_people(channel):
    facts = CHANNELS[channel]
    for lane in facts.lanes:
        assert LANE_READERS[lanes.channel_lane(channel, lane)] == facts.service
    assert "campaigns" in LANE_WRITERS[lanes.channel_lane(channel, Lane.BULK)]
    assert facts.service in LANE_WRITERS[lanes.DELIVERY_EVENTS] and facts.service in SERVICES
    assert facts.service in person.ASKED


def test_its_processes_run_everywhere(channel):
    service = CHANNELS[channel].service
    procfile = (ROOT / "Procfile").read_text()
    compose = (ROOT / "deploy/compose.yaml").read_text()
    for process in (service, f"{service}.outbound"):
        assert re.search(rf"^{re.escape(process)}:", procfile, re.M)
        assert f"  {process.replace('_', '-').replace('.', '-')}:\n" in compose


def _counters():
    return {counter for words in figures._COUNTS.values() for counter in words.values()} | {"sent", "cost"}


OUTBOUND: dict[Channel, Any] = {
    Channel.EMAIL: EmailOutbound,
    Channel.PUSH: PushOutbound,
    Channel.RCS: RcsOutbound,
    Channel.SMS: SmsOutbound,
    Channel.VIBER: ViberOutbound,
    Channel.WHATSAPP: WhatsappOutbound,
}


def test_its_ledger_is_kept_for_as_long_as_the_log_has_its_messages(channel):
    assert OUTBOUND[channel].kept_days > retention.kept_days(channel)
    assert OUTBOUND[channel].partitioned[0] == "ledger"
