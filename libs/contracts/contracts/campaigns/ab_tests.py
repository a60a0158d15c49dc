"""A/B tests: two to five variants of a campaign, tried with a share of its audience; the best goes to the rest."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate, validates_schema

from contracts.campaigns.content import ANY_SENDER, SenderField, content_field, content_problems, sender_problems
from contracts.rpc import Call
from contracts.schema import Schema, broken_rule, line_field, rule
from contracts.vocabulary import AbMetric, AbOutcome, AbStage, Channel, IfUndecided

VARIANTS_MIN, VARIANTS_MAX = 2, 5
VARIANT_NAME_MAX = 40
SHARE_MIN, SHARE_MAX = 1, 90  # per cent: somebody must be left for the winner
WAIT_MIN, WAIT_MAX = 30, 7 * 24 * 60  # minutes
METRICS: dict[Channel, frozenset[AbMetric]] = {
    Channel.SMS: frozenset({AbMetric.DELIVERED, AbMetric.CLICKS}),
    Channel.EMAIL: frozenset({AbMetric.OPENS, AbMetric.CLICKS, AbMetric.CLICK_TO_OPEN}),
    Channel.PUSH: frozenset({AbMetric.DELIVERED, AbMetric.OPENS}),
    Channel.WHATSAPP: frozenset({AbMetric.DELIVERED, AbMetric.OPENS}),
    Channel.VIBER: frozenset({AbMetric.DELIVERED, AbMetric.OPENS}),
    Channel.RCS: frozenset({AbMetric.DELIVERED, AbMetric.OPENS, AbMetric.CLICKS}),
}


class Variant(Schema):
    """What a variant says otherwise than the campaign: its sender, and parts of its content."""

    name = line_field(VARIANT_NAME_MAX, 1, required=True)
    sender = SenderField(allow_none=True, load_default=None, metadata=ANY_SENDER)
    content = content_field(load_default=dict)


class AbTest(Schema):
    """`share_percent` of the audience gets the variants, each as many; after `wait_minutes` the rest gets the best."""

    variants = fields.List(
        fields.Nested(Variant), required=True, validate=validate.Length(min=VARIANTS_MIN, max=VARIANTS_MAX)
    )
    share_percent = fields.Integer(required=True, strict=True, validate=validate.Range(min=SHARE_MIN, max=SHARE_MAX))
    metric = fields.Enum(AbMetric, by_value=True, required=True)
    wait_minutes = fields.Integer(required=True, strict=True, validate=validate.Range(min=WAIT_MIN, max=WAIT_MAX))
    if_undecided = fields.Enum(IfUndecided, by_value=True, load_default=IfUndecided.FIRST)

    @validates_schema(skip_on_field_errors=True)
    def _has_names(self, test: dict[str, Any], **_: Any) -> None:
        names = [variant["name"] for variant in test["variants"]]
        if len(set(names)) < len(names):
            raise broken_rule("ab_test.names_repeat", "Each variant needs a name of its own.", "variants")


def ab_test_problems(channel: Channel, test: dict[str, Any] | None) -> dict[str, Any]:
    """Marshmallow's messages on what of a test does not fit the channel; empty where all does."""
    if test is None:
        return {}
    problems: dict[str, Any] = {}
    if test["metric"] not in METRICS[channel]:
        known = ", ".join(sorted(METRICS[channel]))
        problems["metric"] = [rule("ab_test.other_channel", f"On this channel it is one of: {known}.")]
    variants: dict[int, Any] = {}
    for place, variant in enumerate(test["variants"]):
        wrong = {
            "content": content_problems(channel, variant["content"]),
            "sender": sender_problems(channel, variant["sender"]),
        }
        if any(wrong.values()):
            variants[place] = {name: messages for name, messages in wrong.items() if messages}
    return {**problems, "variants": variants} if variants else problems


class VariantFigures(Schema):
    """Of one variant's recipients in the test: messages, as the report counts them."""

    name = fields.String()
    sent = fields.Integer(metadata={"description": "Handed over"})
    delivered = fields.Integer()
    opened = fields.Integer(metadata={"description": "E-mail: delivered, and opened by a person"})
    clicked = fields.Integer(metadata={"description": "Delivered, and clicked by a person"})
    unsubscribed = fields.Integer()
    complained = fields.Integer()
    rate = fields.Float(allow_none=True, metadata={"description": "The test's metric, 0 to 1; null without a base"})


class AbDecision(Schema):
    """How it ended, with the figures that it was decided by.

    `z` and `p_value` are of a two-proportion z-test (pooled, two-sided) of the best variant and the next; with more
    than two variants `p_value` is multiplied by the number of pairs (Bonferroni).
    """

    outcome = fields.Enum(AbOutcome, by_value=True)
    best = fields.String(allow_none=True, metadata={"description": "With the highest rate; null where several have it"})
    z = fields.Float(allow_none=True)
    p_value = fields.Float(allow_none=True)
    variants = fields.List(fields.Nested(VariantFigures))
    decided_at = fields.AwareDateTime()


class AbProgress(Schema):
    """How far the test is. `chosen_by`: `test`, `rule` (`if_undecided`), or the id of the user who chose."""

    stage = fields.Enum(AbStage, by_value=True)
    recipients_each = fields.Integer(metadata={"description": "Numbers of the audience that each variant has"})
    tested_at = fields.AwareDateTime(
        allow_none=True,
        metadata={"description": "When the channel had the last of the test: the wait runs from it"},
    )
    winner = fields.String(allow_none=True)
    chosen_by = fields.String(allow_none=True)
    decision = fields.Nested(AbDecision, allow_none=True)


class VariantReport(Schema):
    """The variants side by side, as they stand now."""

    campaign_id = fields.UUID()
    metric = fields.Enum(AbMetric, by_value=True)
    variants = fields.List(fields.Nested(VariantFigures))
    test = fields.Nested(AbProgress, allow_none=True)


class WinnerChoice(Schema):
    variant = line_field(VARIANT_NAME_MAX, 1, required=True)


_CAMPAIGN = {"campaign_id": UUID}
RPC: dict[str, Call] = {"get_variant_report": Call(response=VariantReport, path=_CAMPAIGN)}
