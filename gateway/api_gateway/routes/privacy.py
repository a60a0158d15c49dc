"""Privacy: what is known of a person, and its end."""

from typing import Any

from flask import Response

from api_gateway import downloads
from api_gateway.context import RequestContext
from api_gateway.routing import Route
from contracts.contacts import privacy
from contracts.errors import Conflict


def file(context: RequestContext) -> Response:
    """The file of a person."""
    export = context.call("contacts.get_person_export")
    if export["file_id"] is None:
        raise Conflict("person_export.no_file", "There is no file yet, or not any more.", {"state": export["state"]})
    return downloads.stream(
        context,
        "contacts.read_file",
        {"file_id": export["file_id"]},
        filename=f"person-{export['id']}.zip",
        media_type="application/zip",
    )


_TAGS = ["Privacy"]
_WHO = {"email": "anna.nowak@poczta.example"}
_WITHOUT = [
    {
        "service": "campaigns",
        "state": "holds_nothing",
        "counts": {},
        "detail": "Campaigns name groups and segments, never people; audiences are kept by contacts.",
    },
    {
        "service": "identity",
        "state": "holds_nothing",
        "counts": {},
        "detail": "Accounts and users of Wici, invoices and the audit trail; no contact of an account.",
    },
]
_JOB = {
    "id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e9a",
    "state": "done",
    "done": 4,
    "total": 4,
    "services": [
        {"service": "contacts", "state": "done", "counts": {"contact": 1, "consent": 2}, "detail": None},
        {"service": "sms_gateway", "state": "done", "counts": {"message": 3}, "detail": None},
        {"service": "email_gateway", "state": "done", "counts": {"message": 12}, "detail": None},
        {"service": "reporting", "state": "done", "counts": {"message": 15}, "detail": None},
        *_WITHOUT,
    ],
    "error": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "finished_at": "2026-11-24T08:00:01+00:00",
}
_EXPORT = {**_JOB, "file_id": _JOB["id"], "expires_at": "2026-12-01T08:00:01+00:00"}
_ERASURE = {**_JOB, "dry_run": False}
_ASKED: list[dict[str, Any]] = [{"service": name, "state": "waiting", "counts": {}, "detail": None} for name in (
    "contacts", "sms_gateway", "email_gateway", "reporting")]  # fmt: skip
_BEGUN = {"state": "waiting", "done": 0, "services": [*_ASKED, *_WITHOUT], "finished_at": None}

ROUTES = [
    Route(
        "POST",
        "/v1/privacy/exports",
        rpc="contacts.create_person_export",
        permission="contacts.erase",
        summary="Export what is known of a person",
        description="Every service is asked; one that is away is waited for. The file is a ZIP with an index to read"
        " and a JSON document from each service, and is deleted after 7 days.",
        request=privacy.PersonQuery,
        response=privacy.PersonExport,
        status=202,
        location="/v1/privacy/exports/{id}",
        retry_after=1,
        tags=_TAGS,
        example=_WHO,
        response_example={**_EXPORT, **_BEGUN, "file_id": None, "expires_at": None},
    ),
    Route(
        "GET",
        "/v1/privacy/exports/<uuid:person_export_id>",
        rpc="contacts.get_person_export",
        permission="contacts.erase",
        summary="See how the export of a person goes",
        response=privacy.PersonExport,
        tags=_TAGS,
        response_example=_EXPORT,
    ),
    Route(
        "GET",
        "/v1/privacy/exports/<uuid:person_export_id>/file",
        ceiling="downloads",
        handler=file,
        later=True,
        permission="contacts.erase",
        summary="Download what is known of a person",
        produces=("application/zip",),
        tags=_TAGS,
        deadline=60.0,
        response_example="PK…",
    ),
    Route(
        "POST",
        "/v1/privacy/erasures",
        rpc="contacts.create_erasure",
        permission="contacts.erase",
        summary="Erase a person, or count what would be erased",
        description="The contact, its groups, consents, archive entries and places in audiences are gone with the"
        " answer. The job then has every service forget the person: messages stay as numbers, without address, IP and"
        " user agent, and what waits to be sent is not sent any more. It is done when all have confirmed. A keyed hash"
        " of each address stays, so that no import and no upsert brings the person back. With `dry_run` nothing is"
        " erased, and the job counts.",
        request=privacy.ErasureCreate,
        response=privacy.Erasure,
        status=202,
        location="/v1/privacy/erasures/{id}",
        retry_after=1,
        tags=_TAGS,
        example=_WHO,
        response_example={**_ERASURE, **_BEGUN},
    ),
    Route(
        "GET",
        "/v1/privacy/erasures/<uuid:erasure_id>",
        rpc="contacts.get_erasure",
        permission="contacts.erase",
        summary="See how an erasure goes, service by service",
        response=privacy.Erasure,
        tags=_TAGS,
        response_example=_ERASURE,
    ),
]
