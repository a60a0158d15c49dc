"""Jobs: the account's long work with contacts, of all kinds."""

from api_gateway.routing import Route
from contracts.contacts import jobs

_JOB = {
    "id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e9b",
    "kind": "bulk",
    "state": "running",
    "done": 5000,
    "total": 11939,
    "error": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "finished_at": None,
}
_TAGS = ["Jobs"]

ROUTES = [
    Route(
        "GET",
        "/v1/jobs",
        rpc="contacts.list_jobs",
        permission="contacts.read",
        summary="List long work",
        description="Newest first: what has been begun with contacts and answered with 202. More of each is said, and"
        " it is cancelled where that can be, by its id at the place of its `kind`: `import` at `/v1/imports`, `export`"
        " at `/v1/exports`, `bulk` at `/v1/contacts/bulk`, `combination` at `/v1/groups/combine`, `person_export` at"
        " `/v1/privacy/exports`, `erasure` at `/v1/privacy/erasures`. Imports, exports and work about a person are"
        " shown to whom may see them there: `contacts.import`, `contacts.export`, `contacts.erase`.",
        query=jobs.JobQuery,
        response=jobs.JobPage,
        tags=_TAGS,
        response_example={"items": [_JOB], "next_cursor": None, "total": 1, "total_is_estimate": False},
    ),
    Route(
        "GET",
        "/v1/jobs/<uuid:job_id>",
        rpc="contacts.get_job",
        permission="contacts.read",
        summary="See how long work goes",
        response=jobs.Job,
        tags=_TAGS,
        response_example=_JOB,
    ),
]
