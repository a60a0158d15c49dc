"""Asking the other services about a person. One that does not answer is asked again, for as long as it takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from chassis.logs import get_logger
from chassis.rpc_client import RemoteFailure
from contacts.store import jobs
from contracts.errors import WiciError
from contracts.rpc import Actor

PAGE = 200
DEADLINE = 10.0

log = get_logger()


class Ask(Protocol):
    """`chassis.rpc_client.RpcClient.call`."""

    def __call__(self, name: str, actor: Actor, payload: dict[str, Any], *, deadline: float = ...) -> Any: ...


class Unanswered(Exception):
    """A service could not be asked; `code` says what came instead of an answer."""

    def __init__(self, service: str, code: str) -> None:
        super().__init__(service, code)
        self.code = code


class Neighbours:
    """The other services, asked on behalf of a job's account."""

    def __init__(self, ask: Ask, job: jobs.Job) -> None:
        self._ask = ask
        self._actor: Actor = {"account_id": str(job.account_id), "service": "contacts", "request_id": str(job.id)}

    def records(self, service: str, addresses: list[str]) -> Iterator[list[dict[str, Any]]]:
        """All that a service holds of a person, a page at a time. :raises Unanswered: as it says."""
        cursor = None
        while True:
            payload = {"addresses": addresses, "cursor": cursor, "limit": PAGE}
            page = self._call(service, f"{service}.export_person", payload)
            yield page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def forget(self, service: str, addresses: list[str], *, erased_at: str, dry_run: bool) -> dict[str, Any]:
        """Have a service forget a person; `{counts, waiting}`. :raises Unanswered: as it says."""
        payload = {"addresses": addresses, "erased_at": erased_at, "dry_run": dry_run}
        answer: dict[str, Any] = self._call(service, f"{service}.erase_person", payload)
        return answer

    def _call(self, service: str, name: str, payload: dict[str, Any]) -> Any:
        try:
            return self._ask(name, self._actor, payload, deadline=DEADLINE)
        except (WiciError, RemoteFailure) as error:
            code = error.code if isinstance(error, WiciError) else "service.failed"
            log.warning("person_not_asked", service=service, code=code)
            raise Unanswered(service, code) from None
