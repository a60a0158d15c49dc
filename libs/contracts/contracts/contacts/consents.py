"""The history of a contact's consents, with evidence."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields

from contracts.contacts.shapes import word_of
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import Channel


class EvidenceMoment(Schema):
    at = fields.AwareDateTime()
    address = fields.String()
    user_agent = fields.String()


class ConsentEvidence(Schema):
    """How a consent was given: the text and version that were shown, and both steps of the double opt-in."""

    submission_id = fields.UUID()
    form_id = fields.UUID()
    form_name = fields.String()
    email = fields.String()
    language = fields.String()
    consent_version = fields.Integer()
    consent_text = fields.String()
    submitted = fields.Nested(EvidenceMoment)
    confirmed = fields.Nested(EvidenceMoment)


class ConsentChange(Schema):
    """One grant (`granted` true), withdrawal (false) or removal (null) of a consent."""

    channel = word_of(Channel)
    granted = fields.Boolean(allow_none=True)
    source = fields.String(allow_none=True)
    at = fields.AwareDateTime(allow_none=True)
    evidence = fields.Nested(ConsentEvidence, allow_none=True)


class LeftList(Schema):
    """A group that the person has left by an unsubscribe page, with the message that led there."""

    group_id = fields.UUID()
    name = fields.String()
    at = fields.AwareDateTime()
    campaign_id = fields.UUID(allow_none=True)
    message_id = fields.UUID()


class ConsentHistory(Schema):
    items = fields.List(fields.Nested(ConsentChange))
    left_lists = fields.List(
        fields.Nested(LeftList), metadata={"description": "Groups that the person has left by themselves, newest first"}
    )


RPC = {
    "list_consents": Call(None, ConsentHistory, path={"contact_id": UUID}),
}
