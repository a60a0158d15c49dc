"""The archive: addresses that get no more campaigns."""

from api_gateway.routing import Route
from contracts.contacts import archive

_ARCHIVED = {
    "id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e93",
    "channel": "email",
    "address": "anna.nowak@poczta.example",
    "contact_id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90",
    "reason": "spam",
    "note": "Wrote to us on 23 November",
    "source": "manual",
    "campaign_id": None,
    "archived_by": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e97",
    "created_at": "2026-11-24T08:00:00+00:00",
    "restored_at": None,
    "restored_by": None,
    "restore_note": None,
}
_TAGS = ["Archive"]

ROUTES = [
    Route(
        "GET",
        "/v1/archive",
        rpc="contacts.list_archive",
        permission="contacts.read",
        summary="List archived addresses",
        description="Those in force; with `restored=true` those that were restored. `from` and `to` bound when.",
        query=archive.ArchiveQuery,
        response=archive.ArchivedPage,
        tags=_TAGS,
        response_example={"items": [_ARCHIVED], "next_cursor": None, "total": 1, "total_is_estimate": False},
    ),
    Route(
        "POST",
        "/v1/archive",
        rpc="contacts.archive_addresses",
        permission="contacts.archive",
        summary="Archive addresses, with the reason",
        description="An address that is archived already keeps its first reason.",
        request=archive.ArchiveAdd,
        response=archive.ArchivedList,
        status=201,
        tags=_TAGS,
        example={
            "channel": "email",
            "addresses": ["anna.nowak@poczta.example"],
            "reason": "spam",
            "note": "Wrote to us on 23 November",
        },
        response_example={"items": [_ARCHIVED]},
    ),
    Route(
        "DELETE",
        "/v1/archive/<uuid:archive_id>",
        rpc="contacts.restore_address",
        permission="contacts.archive",
        summary="Restore an address",
        description="It may be written to again. The entry stays, with who ended it, when and why.",
        query=archive.RestoreNote,
        response=archive.Archived,
        tags=_TAGS,
        response_example={
            **_ARCHIVED,
            "restored_at": "2026-11-24T09:00:00+00:00",
            "restored_by": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e97",
            "restore_note": "Asked for it by phone",
        },
    ),
]
