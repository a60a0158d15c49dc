"""Imports of contacts. A file goes to contacts chunk by chunk as it comes in; nothing of it is kept here."""

from __future__ import annotations

from typing import Any

from flask import Response

from api_gateway import body, downloads, reason_files, uploads
from api_gateway.context import RequestContext
from api_gateway.languages import texts
from api_gateway.routing import Route
from api_gateway.validation import Checker
from contracts.contacts import imports
from contracts.errors import NotFound
from contracts.lists import NewestQuery

_CHECKER = Checker(imports.ImportCreate, frozenset(), is_json=True)


def preview(context: RequestContext) -> Response:
    """What the columns are taken for, and what would happen to the first rows."""
    shown, told = context.call("contacts.preview_import", _received(context)), texts()
    for row in shown["rows"]:
        row["reasons"] = [told.import_reason(*why) for why in zip(row["problems"], row["reasons"], strict=True)]
    for field in shown.get("fields", ()):  # a service of before tells none
        if not field["is_custom"]:
            field["label"] = told.name("fields", field["field"], field["field"])
    answer = context.answer(shown)
    told.label(answer)
    return answer


def create(context: RequestContext) -> Response:
    """Upload the file and queue its import."""
    return context.answer(context.call("contacts.create_import", _received(context)))


def rejected(context: RequestContext) -> Response:
    """The file of rejected rows, each with its reason."""
    return _problem_file(context, "rejected")


def warnings(context: RequestContext) -> Response:
    """The file of rows that were imported without one of their values, each with the reason."""
    return _problem_file(context, "warnings")


def _received(context: RequestContext) -> dict[str, Any]:
    """What is asked for: of the file in the body, or of one that a preview's answer names as `upload_id`."""
    if context.request.mimetype == "application/json":
        sent = body.read_object(context.request, context.wiring.config.max_body)
        _CHECKER.check(sent, {})
        return sent
    received = uploads.receive(context)
    payload = {"upload_id": received.upload_id, **received.fields}
    _CHECKER.check(payload, {})
    return payload


def _problem_file(context: RequestContext, kind: str) -> Response:
    file_id = context.call("contacts.get_import")[f"{kind}_file_id"]
    if file_id is None:
        raise NotFound("import.no_such_file", "The import has no such rows, or has not ended.")
    told = texts()
    answer = downloads.stream(
        context,
        "contacts.read_file",
        {"file_id": file_id},
        filename=f"{kind}.csv",
        media_type="text/csv; charset=utf-8",
        rewritten=lambda pieces: reason_files.in_words(pieces, told),
    )
    answer.headers["Content-Language"] = told.language
    answer.vary.add("Accept-Language")
    return answer


_ID = "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e94"
_IMPORT = {
    "id": _ID,
    "filename": "contacts-pl.csv",
    "state": "running",
    "stage": "merging",
    "done": 6190,
    "total": 12381,
    "counts": {"read": 12381, "added": 0, "updated": 0, "unchanged": 0, "merged": 0, "rejected": 61, "warnings": 220},
    "problems": {"phone.invalid": 172, "email.invalid": 160},
    "group_ids": ["0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e91"],
    "rejected_file_id": None,
    "warnings_file_id": None,
    "error": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "finished_at": None,
}
_PREVIEW = {
    "upload_id": _ID,
    "filename": "contacts-pl.csv",
    "encoding": "utf-8",
    "separator": ";",
    "sheets": [],
    "sheet": None,
    "header_row": 1,
    "columns": [
        {
            "column": 0,
            "header": "E-mail",
            "field": "email",
            "confidence": 1.0,
            "samples": ["gaja.pastor57@poczta.example", "jan@"],
            "date_order": None,
        }
    ],
    "fields": [
        {"field": "email", "label": "E-mail", "is_custom": False},
        {"field": "discount_code", "label": "Kod rabatowy", "is_custom": True},
    ],
    "rows": [
        {
            "number": 2,
            "outcome": "added",
            "values": {"email": "gaja.pastor57@poczta.example"},
            "problems": [],
            "reasons": [],
        },
        {
            "number": 3,
            "outcome": "rejected",
            "values": {},
            "problems": ["email.invalid"],
            "reasons": ["The e-mail address is not valid"],
        },
    ],
}
_FORM = {
    "file": "(the file)",
    "mapping": {"Kod rabatowy": "discount_code", "Uwagi": None},
    "options": {"merge_by": "email", "group_name": "Klienci"},
}
_TAGS = ["Imports"]

ROUTES = [
    Route(
        "POST",
        "/v1/imports/preview",
        ceiling="previews",
        handler=preview,
        permission="contacts.import",
        summary="Preview an import",
        description="Columns are guessed from Polish and English headers, with a confidence; `mapping` says otherwise,"
        " by what stands in `fields`. Each of the first rows is judged as if the file held no others: added, updated,"
        " unchanged, merged (with an earlier row), or rejected and why. Nothing is imported yet. The file is kept for a"
        " day: a further preview and the import name it as `upload_id` in a JSON body.",
        response=imports.ImportPreview,
        consumes="multipart/form-data",
        or_json=imports.ImportCreate,
        request=imports.ImportUpload,
        tags=_TAGS,
        deadline=60.0,
        example=_FORM,
        response_example=_PREVIEW,
    ),
    Route(
        "POST",
        "/v1/imports",
        handler=create,
        permission="contacts.import",
        summary="Import contacts from a file",
        description="CSV, TXT or XLSX with a header row and a column of e-mail addresses or phones. Parts: `file`;"
        " `mapping`, JSON, field by header; `options`, JSON: merge_by, precedence, bad_values, consent, group_ids,"
        " group_name, encoding, separator, region, sheet, header_row, date_order, archive. Or JSON, with the"
        " `upload_id` of a preview in place of the file.",
        response=imports.Import,
        status=202,
        location="/v1/imports/{id}",
        retry_after=1,
        consumes="multipart/form-data",
        or_json=imports.ImportCreate,
        request=imports.ImportUpload,
        tags=_TAGS,
        deadline=60.0,
        example=_FORM,
        response_example={**_IMPORT, "state": "waiting", "stage": "waiting", "done": 0, "total": None},
    ),
    Route(
        "GET",
        "/v1/imports",
        rpc="contacts.list_imports",
        permission="contacts.import",
        summary="List imports, newest first",
        query=NewestQuery,
        response=imports.ImportPage,
        tags=_TAGS,
        response_example={"items": [_IMPORT], "next_cursor": None, "total": 1, "total_is_estimate": False},
    ),
    Route(
        "GET",
        "/v1/imports/<uuid:import_id>",
        rpc="contacts.get_import",
        permission="contacts.import",
        summary="See how an import goes",
        response=imports.Import,
        tags=_TAGS,
        response_example=_IMPORT,
    ),
    Route(
        "POST",
        "/v1/imports/<uuid:import_id>/cancel",
        rpc="contacts.cancel_import",
        permission="contacts.import",
        summary="Cancel an import; rows that are merged stay merged",
        response=imports.Import,
        tags=_TAGS,
        response_example={**_IMPORT, "state": "cancelled"},
    ),
    Route(
        "GET",
        "/v1/imports/<uuid:import_id>/rejected",
        ceiling="downloads",
        handler=rejected,
        permission="contacts.import",
        summary="Download the rejected rows with the reason of each",
        description="CSV in UTF-8 with semicolons, as Excel opens it; no cell can start a formula.",
        produces=("text/csv",),
        tags=_TAGS,
        deadline=60.0,
        response_example="row;reason;E-mail\n3;The e-mail address is not valid;jan@\n",
    ),
    Route(
        "GET",
        "/v1/imports/<uuid:import_id>/warnings",
        ceiling="downloads",
        handler=warnings,
        permission="contacts.import",
        summary="Download the rows that were imported without one of their values",
        produces=("text/csv",),
        tags=_TAGS,
        deadline=60.0,
        response_example="row;reason;E-mail;Telefon\n4;The phone number is not valid;jan@poczta.example;brak\n",
    ),
]
