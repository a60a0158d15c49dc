"""Imports: queue the import of a file, see how it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, outbox
from chassis.actors import account_of
from chassis.database import Session
from contacts.domain import sources
from contacts.domain.columns import Guess
from contacts.domain.phones import is_region
from contacts.domain.rows import Plan
from contacts.domain.values import FieldType
from contacts.exceptions import FileRefused
from contacts.store import fields as field_store
from contacts.store import files as file_store
from contacts.store import groups as group_store
from contacts.store import jobs as job_store
from contacts.store import people as people_store
from contacts.usecases import archive, groups, named_lists, open_jobs, views
from contacts.usecases.account_terms import AccountTerms
from contacts.usecases.views import View
from contracts.errors import Conflict, FieldError, Invalid
from contracts.events import CONTACTS_ACT, IMPORT_FINISHED
from contracts.lists import NEWEST
from contracts.rpc import Actor
from contracts.vocabulary import JobState

KIND = "import"
COUNTS = ("read", "added", "updated", "unchanged", "merged", "rejected", "warnings")
FILES = ("rejected_file_id", "warnings_file_id")


def create(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    terms: AccountTerms,
    upload_id: UUID,
    mapping: Any,
    options: dict[str, Any],
) -> View:
    """Queue the import of an upload, which gives it its id: the same again is the same import.

    :raises Invalid: the file or the mapping cannot be used; `errors` says why.
    :raises TooManyRequests: too many jobs of the account are open.
    """
    account_id = account_of(actor)
    ensure_may(actor, options)
    earlier = job_store.find(session, account_id=account_id, kind=KIND, job_id=upload_id)
    if earlier is not None:
        return view(earlier)
    open_jobs.ensure_room(session, account_id=account_id, kind=KIND)
    upload = upload_of(session, account_id=account_id, upload_id=upload_id)
    people_store.set_terms(session, account_id=account_id, **terms.kept)
    open_upload(session, account_id=account_id, upload=upload, mapping=mapping, options=options, now=now)
    groups.ensure_known(session, account_id=account_id, group_ids=options["group_ids"], field="options.group_ids")
    group_ids = [str(one) for one in options["group_ids"]]
    if options["group_name"]:
        group_ids.append(str(_group_named(session, account_id, options["group_name"])))
    request = {
        "filename": upload["filename"],
        "mapping": mapping,
        "options": {**options, "group_ids": group_ids},
        "region": options["region"] or terms.region,
        "created_by": actor.get("user_id"),
    }
    file_store.keep(session, file_id=upload_id)
    job_store.add(
        session, job_id=upload_id, account_id=account_id, kind=KIND, request=request, created_by=actor.get("user_id")
    )
    details = {"filename": upload["filename"], "group_ids": group_ids}
    if options["archive"]:
        details["archive_reason"] = options["archive"]["reason"]
    acts.record(session, CONTACTS_ACT, actor, "import.started", target_id=upload_id, **details)
    return get(session, actor=actor, now=now, import_id=upload_id)


def _group_named(session: Session, account_id: UUID, name: str) -> UUID:
    existing = group_store.find_named(session, account_id=account_id, name=name.strip())
    return existing or groups.new_group(session, account_id=account_id, name=name)


def ensure_may(actor: Actor, options: dict[str, Any]) -> None:
    """:raises Forbidden: `permission.missing`, a list for the archive from somebody who may import, and not archive."""
    if options["archive"]:
        archive.ensure_may(actor)


def upload_of(session: Session, *, account_id: UUID, upload_id: UUID) -> Any:
    """The file that somebody sent: what another job made (an export) takes more than the permission to import."""
    row = file_store.find(session, account_id=account_id, file_id=upload_id)
    if row is None or job_store.kind_of(session, job_id=upload_id) not in (None, KIND):
        raise views.not_found("upload")
    if row["size"] == 0:
        raise Invalid.of_field("file", "import.empty", "The file is empty.")
    return row


def open_upload(
    session: Session, *, account_id: UUID, upload: Any, mapping: Any, options: dict[str, Any], now: datetime
) -> tuple[sources.Source, Plan, list[Guess], list[list[str]]]:
    """The uploaded file, the plan for its columns, what each column was guessed to be, and its first rows.

    :raises Invalid: the file or the mapping cannot be used.
    """
    region = options["region"] or people_store.region(session, account_id=account_id)
    if not is_region(region):
        raise Invalid.of_field("options.region", "import.no_such_region", "Not a region: PL, DE, …")
    try:
        source, _ = sources.open_source(
            upload["filename"], lambda: _chunks(session, upload["id"]), options, region=region, whole=False
        )
        plan, guesses, samples = sources.plan_for(
            source,
            mapping=mapping,
            options=options,
            custom=_custom_of(session, account_id),
            region=region,
            today=now.date(),
        )
    except FileRefused as refused:
        field = "mapping" if refused.code.startswith(("import.no_such", "import.field")) else "file"
        error: FieldError = {"field": field, "code": refused.code, "detail": refused.detail}
        if refused.extra:
            error["parameters"] = refused.extra
        raise Invalid(refused.code, refused.detail, refused.extra, [error]) from None
    return source, plan, guesses, samples


def _chunks(session: Session, file_id: UUID) -> Iterator[bytes]:
    seq = 0
    while (body := file_store.chunk(session, file_id=file_id, seq=seq)) is not None:
        yield body
        seq += 1


def _custom_of(session: Session, account_id: UUID) -> dict[str, tuple[str, FieldType]]:
    """Label and type by key of the account's fields."""
    rows = field_store.all_of(session, account_id=account_id)
    return {row["key"]: (row["label"], FieldType(row["kind"])) for row in rows}


def get(session: Session, *, actor: Actor, now: datetime, import_id: UUID) -> View:
    return view(_import(session, account_of(actor), import_id))


def list_imports(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    q: str | None = None,
    sort: str = NEWEST,
) -> View:
    """Newest first where nothing else is asked for; found by the file's name."""
    wanted: dict[str, Any] = {
        "name": "request ->> 'filename'",
        "where": "kind = :kind",
        "parameters": {"kind": KIND},
        "view": view,
    }
    return named_lists.page(
        session, "jobs", account_id=account_of(actor), limit=limit, cursor=cursor, q=q, sort=sort, **wanted
    )


def cancel(session: Session, *, actor: Actor, now: datetime, import_id: UUID) -> View:
    """End an import; rows that are merged stay merged.

    :raises Conflict: it has ended already.
    """
    account_id = account_of(actor)
    row = _import(session, account_id, import_id)
    if row["state"] not in (JobState.WAITING, JobState.RUNNING):
        raise Conflict("import.ended", "The import has ended.", {"state": row["state"]})
    job_store.request_cancel(session, account_id=account_id, kind=KIND, job_id=import_id)
    acts.record(session, CONTACTS_ACT, actor, "import.cancelled", target_id=import_id)
    return get(session, actor=actor, now=now, import_id=import_id)


def record_archived(session: Session, job: job_store.Job) -> None:
    """Tell the audit trail what a list of addresses for the archive has archived, also one that was cancelled."""
    actor: Actor = {"account_id": str(job.account_id), "user_id": job.request.get("created_by")}
    for channel, addresses in job.checkpoint.get("archived", {}).items():
        if addresses:
            reason = job.request["options"]["archive"]["reason"]
            details: View = {"channel": channel, "reason_given": reason, "addresses": addresses}
            acts.record(session, CONTACTS_ACT, actor, "archive.added", target_id=job.id, **details)


def announce_end(session: Session, job: job_store.Job) -> None:
    """Tell of an import that has just ended, in whatever way."""
    row = _import(session, job.account_id, job.id)
    outbox.record(
        session, IMPORT_FINISHED, account_id=job.account_id, import_id=job.id, state=str(row["state"]),
        code=(row["error"] or {}).get("code"), counts=view(row)["counts"],
    )  # fmt: skip


def _import(session: Session, account_id: UUID, import_id: UUID) -> Any:
    row = job_store.find(session, account_id=account_id, kind=KIND, job_id=import_id)
    if row is None:
        raise views.not_found("import")
    return row


def view(row: Mapping[Any, Any]) -> View:
    checkpoint = row["checkpoint"]
    ended = row["state"] not in (JobState.WAITING, JobState.RUNNING)
    return {
        "id": row["id"],
        "filename": row["request"]["filename"],
        "state": row["state"],
        "stage": None if ended else checkpoint.get("stage", "waiting"),
        "done": row["done"],
        "total": row["total"],
        "counts": {name: checkpoint.get("counts", {}).get(name, 0) for name in COUNTS},
        "problems": checkpoint.get("problems", {}),
        "group_ids": row["request"]["options"]["group_ids"],
        **{name: checkpoint.get(name) if row["state"] == JobState.DONE else None for name in FILES},
        "error": row["error"],
        "created_at": row["created_at"],
        "finished_at": row["finished_at"],
    }
