"""Files that an account hosts. They go to campaigns piece by piece as they come in; nothing of them is kept here."""

from __future__ import annotations

from flask import Response

from api_gateway import public_files, uploads
from api_gateway.context import RequestContext
from api_gateway.routing import PUBLIC, Route
from api_gateway.validation import Checker
from contracts.campaigns import files
from contracts.lists import NewestQuery

_READ, _WRITE = "email.campaigns.read", "email.campaigns.write"
_CHECKER = Checker(files.FileUpdate, frozenset(), is_json=True)
_TAGS = ["Files"]
_ONE = "/v1/files/<uuid:file_id>"
_FILE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b21",
    "filename": "cennik.pdf",
    "media_type": "application/pdf",
    "size": 182_430,
    "url": "https://wici.example/d/Zk3h9QmW2xTn5vBc7RtYpA",
    "downloads": 41,
    "expires_at": "2027-03-01T00:00:00+00:00",
    "created_at": "2026-11-24T09:00:00+00:00",
}


def upload(context: RequestContext) -> Response:
    """Upload a file, and give it its link."""
    received = uploads.receive(
        context,
        json_fields=frozenset(),
        text_fields=frozenset({"expires_at"}),
        service="campaigns",
        most=files.MOST_OCTETS,
        check=lambda fields: _CHECKER.check(fields, {}),
    )
    payload = {"upload_id": received.upload_id, **received.fields}
    return context.answer(context.call("campaigns.create_file", payload))


ROUTES = [
    Route(
        "GET",
        "/v1/files",
        rpc="campaigns.list_files",
        permission=_READ,
        summary="Hosted files, newest first",
        query=NewestQuery,
        response=files.FilePage,
        tags=_TAGS,
        response_example={"items": [_FILE], "next_cursor": None, "total": 1, "total_is_estimate": False},
    ),
    Route(
        "POST",
        "/v1/files",
        handler=upload,
        permission=_WRITE,
        summary="Upload a file to be hosted",
        description="Up to 20 MiB; an account's files have 1 GiB together (409 `file.no_room`). `url` is public and"
        " cannot be guessed: put it into messages and templates; images are shown there, all else is saved. Programs"
        " (422 `file.program`) and, unless the installation takes them, documents with macros (422 `file.macros`) are"
        " refused by name and content.",
        response=files.File,
        status=201,
        location="/v1/files/{id}",
        consumes="multipart/form-data",
        request=files.FileUpload,
        tags=_TAGS,
        deadline=60.0,
        example={"file": "(the file)", "expires_at": "2027-03-01T00:00:00+00:00"},
        response_example={**_FILE, "downloads": 0},
    ),
    Route(
        "GET",
        _ONE,
        rpc="campaigns.get_file",
        permission=_READ,
        summary="One hosted file, and how often it was downloaded",
        response=files.File,
        tags=_TAGS,
        response_example=_FILE,
    ),
    Route(
        "PATCH",
        _ONE,
        rpc="campaigns.update_file",
        permission=_WRITE,
        summary="Change a file's name or when it ends",
        request=files.FileUpdate,
        response=files.File,
        tags=_TAGS,
        example={"expires_at": None},
        response_example={**_FILE, "expires_at": None},
    ),
    Route(
        "DELETE",
        _ONE,
        rpc="campaigns.delete_file",
        permission=_WRITE,
        summary="Delete a hosted file",
        description="Its link ends at once. 409 `file.in_use` while a campaign that may still be sent attaches it or"
        " has its link.",
        status=204,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/d/<token>",
        handler=public_files.download,
        permission=PUBLIC,
        bare=True,
        summary="Download a hosted file",
        description="Whole or one range (206, 416); `If-None-Match` and `If-Range` are heeded. Pictures may be kept"
        " for five minutes; all else is asked for each time, so that it is counted and ends when it should. A file that"
        " has ended shows a page (410).",
        produces=("application/octet-stream",),
        tags=["Links"],
    ),
]
