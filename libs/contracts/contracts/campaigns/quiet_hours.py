"""Hours in which nothing starts, of a campaign, an account or a step."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate, validates_schema

from contracts.schema import Schema, broken_rule

LOCAL_TIME = r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z"


class QuietHours(Schema):
    """Nothing starts from `start` until `end` (HH:MM, in the account's or the recipient's zone); may span midnight."""

    start = fields.String(required=True, validate=validate.Regexp(LOCAL_TIME, error="Not a valid time: HH:MM."))
    end = fields.String(required=True, validate=validate.Regexp(LOCAL_TIME, error="Not a valid time: HH:MM."))

    @validates_schema
    def _spans_something(self, times: dict[str, Any], **_: Any) -> None:
        if times.get("start") == times.get("end"):
            raise broken_rule("quiet_hours.empty", "Quiet hours must end at another time than they start.", "end")
