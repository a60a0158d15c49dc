"""Exports of contacts."""

from flask import Response

from api_gateway import downloads
from api_gateway.context import RequestContext
from api_gateway.routing import Route
from contracts.contacts import exports
from contracts.errors import Conflict

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def file(context: RequestContext) -> Response:
    """The exported file."""
    export = context.call("contacts.get_export")
    if export["file_id"] is None:
        raise Conflict("export.not_ready", "There is no file yet, or not any more.", {"state": export["state"]})
    kind = export["format"]
    return downloads.stream(
        context,
        "contacts.read_file",
        {"file_id": export["file_id"]},
        filename=f"{export['source']}.{kind}",
        media_type=_TYPES[kind],
    )


_EXPORT = {
    "id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e96",
    "state": "done",
    "source": "contacts",
    "format": "csv",
    "done": 11939,
    "total": 11939,
    "file_id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e96",
    "expires_at": "2026-12-01T08:00:02+00:00",
    "error": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "finished_at": "2026-11-24T08:00:02+00:00",
}
_TAGS = ["Exports"]

ROUTES = [
    Route(
        "POST",
        "/v1/exports",
        rpc="contacts.create_export",
        permission="contacts.export",
        summary="Export a group, a segment, every contact, or the archive",
        description="The file is deleted after 7 days, and when a person is erased.",
        request=exports.ExportCreate,
        response=exports.Export,
        status=202,
        location="/v1/exports/{id}",
        retry_after=1,
        tags=_TAGS,
        example={"group_id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e91", "format": "csv", "fields": ["email", "city"]},
        response_example={
            **_EXPORT,
            "state": "waiting",
            "done": 0,
            "total": None,
            "file_id": None,
            "expires_at": None,
            "finished_at": None,
        },
    ),
    Route(
        "GET",
        "/v1/exports/<uuid:export_id>",
        rpc="contacts.get_export",
        permission="contacts.export",
        summary="See how an export goes",
        response=exports.Export,
        tags=_TAGS,
        response_example=_EXPORT,
    ),
    Route(
        "GET",
        "/v1/exports/<uuid:export_id>/file",
        ceiling="downloads",
        handler=file,
        later=True,
        permission="contacts.export",
        summary="Download the exported file",
        description="No cell of it can start a formula.",
        produces=("text/csv", _TYPES["xlsx"]),
        tags=_TAGS,
        deadline=60.0,
        response_example="email;city\nanna.nowak@poczta.example;Gdynia\n",
    ),
]
