"""A page of a report, which a job asks for: waited for, for a day at most; a refusal ends the job."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.rpc_client import RemoteFailure
from contacts.exceptions import FileRefused, JobCancelled, TryLater
from contacts.jobs.other_services import recipients_page
from contacts.store import jobs
from contracts.errors import Forbidden, Invalid, NotFound, Unavailable

PAGE = {"items": [], "next_cursor": None}


class _Database:
    def transaction(self) -> Any:
        return nullcontext()


def _job(**checkpoint: Any) -> jobs.Job:
    request = {"campaign_id": str(uuid4()), "who": "opened"}
    return jobs.Job(uuid4(), uuid4(), "combination", request, {"cursor": "x", **checkpoint}, uuid4(), 1)


def _read(job: jobs.Job, answer: Any) -> Any:
    def ask(name: str, actor: Any, payload: Any, *, deadline: float) -> Any:
        assert (name, payload["cursor"], payload["who"]) == ("reporting.list_report_recipients", "x", "opened")
        if isinstance(answer, Exception):
            raise answer
        return answer

    return recipients_page(_Database(), job, ask, done=3, read=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [Unavailable("service.timeout"), RemoteFailure("reporting failed")])
def test_who_does_not_answer_is_waited_for_and_the_job_hears_of_its_end(
    monkeypatch: pytest.MonkeyPatch, answer: Exception
) -> None:
    saved: list[Any] = []
    monkeypatch.setattr(jobs, "save", lambda _session, job, **how: saved.append((dict(job.checkpoint), how)))
    job = _job()
    with pytest.raises(TryLater):
        _read(job, answer)
    [(checkpoint, how)] = saved
    assert checkpoint["unanswered_since"] and how == {"done": 3, "total": None, "reached": [5]}

    def cancelled(*_: Any, **__: Any) -> None:
        raise JobCancelled

    monkeypatch.setattr(jobs, "save", cancelled)
    with pytest.raises(JobCancelled):
        _read(job, answer)


def test_after_a_day_without_an_answer_the_job_fails_and_an_answer_begins_a_new_day() -> None:
    since = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
    with pytest.raises(FileRefused) as refused:
        _read(_job(unanswered_since=since), Unavailable("service.timeout"))
    assert refused.value.code == "report.unanswered"

    answered = _job(unanswered_since=since)
    assert _read(answered, PAGE) == PAGE
    assert "unanswered_since" not in answered.checkpoint


@pytest.mark.parametrize("refusal", [NotFound, Forbidden, Invalid])
def test_a_refusal_ends_the_job_with_its_word(refusal: Any) -> None:
    with pytest.raises(FileRefused) as refused:
        _read(_job(), refusal("campaign.word", "Why."))
    assert (refused.value.code, refused.value.detail) == ("campaign.word", "Why.")
