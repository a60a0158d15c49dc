"""Keywords: what is done when a phone writes a word to an account's number; and what is answered to a STOP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field, page_of, plain_text
from contracts.vocabulary import KeywordMatch

MOST_ANSWER = 1_000  # characters


def _keyword(**rules: Any) -> fields.String:
    described = {"description": "One or several words; case, diacritics and punctuation do not matter"}
    return line_field(100, minimum=1, metadata=described, **rules)


def _match(**rules: Any) -> fields.Enum[KeywordMatch]:
    return fields.Enum(
        KeywordMatch,
        by_value=True,
        metadata={"description": "Whether the message is the keyword alone, begins with it, or has it anywhere"},
        **rules,
    )


def _number(**rules: Any) -> fields.String:
    return fields.String(
        allow_none=True,
        validate=[validate.Length(min=1, max=20), plain_text],
        metadata={"description": "The sender ID that it must be written to; null: any of the account's"},
        **rules,
    )


def _answer(**rules: Any) -> fields.String:
    return fields.String(
        allow_none=True,
        validate=[validate.Length(min=1, max=MOST_ANSWER), plain_text],
        metadata={"description": "What the number answers, in the account's quota; null: nothing"},
        **rules,
    )


def _group_id(**rules: Any) -> fields.UUID:
    return fields.UUID(
        allow_none=True,
        metadata={"description": "The group that who writes it comes into, as a new contact where there is none"},
        **rules,
    )


def _grants_consent(**rules: Any) -> fields.Boolean:
    return fields.Boolean(
        metadata={"description": "Whether who writes it and comes into the group agrees to SMS campaigns by it"},
        **rules,
    )


class SmsKeywordCreate(Schema):
    keyword = _keyword(required=True)
    match = _match(load_default=KeywordMatch.BEGINNING)
    number = _number(load_default=None)
    answer = _answer(load_default=None)
    group_id = _group_id(load_default=None)
    grants_consent = _grants_consent(load_default=False)
    enabled = fields.Boolean(load_default=True)


class SmsKeywordChange(Schema):
    keyword = _keyword()
    match = _match()
    number = _number()
    answer = _answer()
    group_id = _group_id()
    grants_consent = _grants_consent()
    enabled = fields.Boolean()


class SmsKeyword(SmsKeywordChange):
    id = fields.UUID()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class StopConfirmation(Schema):
    """What the number answers to a person's first STOP, in the account's quota: once until they answer START."""

    enabled = fields.Boolean(required=True)
    text = fields.String(required=True, validate=[validate.Length(max=MOST_ANSWER), plain_text])


SmsKeywordPage = page_of(SmsKeyword)

RPC: dict[str, Call] = {
    "list_sms_keywords": Call(PageQuery, SmsKeywordPage),
    "create_sms_keyword": Call(SmsKeywordCreate, SmsKeyword),
    "get_sms_keyword": Call(None, SmsKeyword, path={"keyword_id": UUID}),
    "update_sms_keyword": Call(SmsKeywordChange, SmsKeyword, path={"keyword_id": UUID}, edits=SmsKeyword),
    "delete_sms_keyword": Call(path={"keyword_id": UUID}, edits=SmsKeyword),
    "get_stop_confirmation": Call(None, StopConfirmation),
    "set_stop_confirmation": Call(StopConfirmation, StopConfirmation, edits=StopConfirmation),
}
