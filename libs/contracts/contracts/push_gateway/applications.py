"""Applications: what pushes are from, with what each platform's provider knows them by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field, page_of, plain_text

NAME = validate.Regexp(
    r"^[a-z0-9][a-z0-9-]{0,19}\Z", error="Not a valid name: up to 20 lower-case letters, digits and dashes."
)
_ID = validate.Regexp(r"^[A-Za-z0-9.-]{1,255}\Z", error="Not a valid id: letters, digits, dots and dashes.")
_TEN = validate.Regexp(r"^[A-Z0-9]{10}\Z", error="Not a valid id: ten capital letters and digits.")
PEM_MAX = 10_000


def _pem() -> fields.String:
    return fields.String(required=True, load_only=True, validate=[validate.Length(min=1, max=PEM_MAX), plain_text])


class FcmCredentials(Schema):
    """Of a service account of the Firebase project; the rest of its file is not needed."""

    project_id = fields.String(required=True, validate=_ID)
    client_email = fields.String(required=True, validate=[validate.Length(min=3, max=254), plain_text])
    private_key = _pem()


class ApnsCredentials(Schema):
    """A key for provider tokens (ES256), as Apple gives it out once."""

    team_id = fields.String(required=True, validate=_TEN)
    key_id = fields.String(required=True, validate=_TEN)
    private_key = _pem()
    topic = fields.String(required=True, validate=_ID, metadata={"description": "the application's bundle id"})
    sandbox = fields.Boolean(load_default=False, metadata={"description": "of development builds"})


def _contact() -> fields.Email:
    return fields.Email(
        allow_none=True,
        validate=[validate.Length(max=254), plain_text],
        metadata={"description": "whom a browser's push service may write to (RFC 8292)"},
    )


class ApplicationCreate(Schema):
    """What is not given can be added later; a platform without credentials gets nothing."""

    name = fields.String(required=True, validate=NAME)
    title = line_field(100, 1, required=True)
    fcm = fields.Nested(FcmCredentials, allow_none=True)
    apns = fields.Nested(ApnsCredentials, allow_none=True)
    web_contact = _contact()


class ApplicationChange(Schema):
    """What is given changes; null takes a platform's credentials away."""

    title = line_field(100, 1)
    fcm = fields.Nested(FcmCredentials, allow_none=True)
    apns = fields.Nested(ApnsCredentials, allow_none=True)
    web_contact = _contact()


class Application(Schema):
    """Private keys are sealed, and told to nobody again."""

    id = fields.UUID()
    name = fields.String(metadata={"description": "what a message's or campaign's sender says"})
    title = fields.String()
    app_key = fields.String(metadata={"description": "public: what `POST /v1/devices` names the application by"})
    fcm = fields.Nested(FcmCredentials(exclude=("private_key",)), allow_none=True)
    apns = fields.Nested(ApnsCredentials(exclude=("private_key",)), allow_none=True)
    vapid_key = fields.String(metadata={"description": "the `applicationServerKey` of browsers"})
    web_contact = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class NewApplication(Application):
    """`proof_key` is shown this once: your servers prove with it whose a device is, see `POST /v1/devices`."""

    proof_key = fields.String()


ApplicationPage = page_of(Application)
_OF_ONE: dict[str, Any] = {"path": {"application_id": UUID}}

RPC: dict[str, Call] = {
    "list_applications": Call(PageQuery, ApplicationPage),
    "create_application": Call(ApplicationCreate, NewApplication),
    "get_application": Call(None, Application, **_OF_ONE),
    "update_application": Call(ApplicationChange, Application, **_OF_ONE, edits=Application),
    "rotate_proof_key": Call(None, NewApplication, **_OF_ONE),
    "delete_application": Call(**_OF_ONE, edits=Application),
}
