"""The other services, asked about a person or a report. One that does not answer is asked again: about a report for a
day at most, about a person for as long as it takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from chassis.database import Database
from chassis.logs import get_logger
from chassis.rpc_client import RemoteFailure
from contacts.exceptions import FileRefused, TryLater
from contacts.store import jobs
from contracts.errors import Unavailable, WiciError
from contracts.rpc import Actor

PAGE = 200
ADDRESSES_AT_ONCE = 100
DEADLINE = 10.0
RECIPIENTS_AT_ONCE = 1_000  # as many addresses as an event names
SECONDS_BETWEEN = 5.0
GIVE_UP = timedelta(days=1)

log = get_logger()


class Ask(Protocol):
    """`chassis.rpc_client.RpcClient.call`."""

    def __call__(self, name: str, actor: Actor, payload: dict[str, Any], *, deadline: float = ...) -> Any: ...


class Unanswered(Exception):
    """A service could not be asked; `code` says what came instead of an answer."""

    def __init__(self, service: str, code: str) -> None:
        super().__init__(service, code)
        self.code = code


def _portions(addresses: list[str]) -> Iterator[list[str]]:
    """As many as one call takes (`contracts.privacy`)."""
    for start in range(0, len(addresses), ADDRESSES_AT_ONCE):
        yield addresses[start : start + ADDRESSES_AT_ONCE]


def recipients_page(database: Database, job: jobs.Job, ask: Ask, *, done: int, read: int) -> dict[str, Any]:
    """The next of the recipients of the job's campaign who did, or did not, what it asks for: `{items, next_cursor}`.

    :param done: what the job has done by now, of so many that it has `read`.
    :raises TryLater: reporting does not answer. :raises FileRefused: it refuses, as where the campaign is not in its
        books any more, or has not answered for a day. :raises JobCancelled: somebody asked for its end meanwhile.
    """
    actor: Actor = {"account_id": str(job.account_id), "service": "contacts", "request_id": str(job.id)}
    asked = {name: job.request[name] for name in ("campaign_id", "who")}
    asked |= {"limit": RECIPIENTS_AT_ONCE, "cursor": job.checkpoint.get("cursor")}
    try:
        page: dict[str, Any] = ask("reporting.list_report_recipients", actor, asked, deadline=DEADLINE)
    except (Unavailable, RemoteFailure) as error:
        code = error.code if isinstance(error, Unavailable) else "service.failed"
        log.warning("report_not_read", code=code)
        now = datetime.now(UTC)
        since = datetime.fromisoformat(job.checkpoint.setdefault("unanswered_since", now.isoformat()))
        if now - since > GIVE_UP:
            raise FileRefused("report.unanswered", f"The report could not be read for a day ({code}).") from None
        with database.transaction() as session:
            jobs.save(session, job, done=done, total=None, reached=[read])
        raise TryLater(SECONDS_BETWEEN) from None
    except WiciError as refused:
        raise FileRefused(refused.code, refused.detail) from None
    job.checkpoint.pop("unanswered_since", None)
    return page


class OtherServices:
    """The other services, asked on behalf of a job's account."""

    def __init__(self, ask: Ask, job: jobs.Job) -> None:
        self._ask = ask
        self._actor: Actor = {"account_id": str(job.account_id), "service": "contacts", "request_id": str(job.id)}

    def records(self, service: str, addresses: list[str]) -> Iterator[list[dict[str, Any]]]:
        """All that a service holds of a person, a page at a time. :raises Unanswered: as it says."""
        for some in _portions(addresses):
            payload: dict[str, Any] = {"addresses": some, "cursor": None, "limit": PAGE}
            while True:
                page = self._call(service, f"{service}.export_person", payload)
                yield page["items"]
                if page["next_cursor"] is None:
                    break
                payload = {**payload, "cursor": page["next_cursor"]}

    def forget(self, service: str, addresses: list[str], *, erased_at: str, dry_run: bool) -> dict[str, Any]:
        """Have a service forget a person; `{counts, waiting}`. :raises Unanswered: as it says."""
        counts: Counter[str] = Counter()
        waiting = 0
        for some in _portions(addresses):
            payload = {"addresses": some, "erased_at": erased_at, "dry_run": dry_run}
            answer = self._call(service, f"{service}.erase_person", payload)
            counts.update(answer["counts"])
            waiting += answer["waiting"]
        return {"counts": dict(counts), "waiting": waiting}

    def _call(self, service: str, name: str, payload: dict[str, Any]) -> Any:
        try:
            return self._ask(name, self._actor, payload, deadline=DEADLINE)
        except (WiciError, RemoteFailure) as error:
            code = error.code if isinstance(error, WiciError) else "service.failed"
            log.warning("person_not_asked", service=service, code=code)
            raise Unanswered(service, code) from None
