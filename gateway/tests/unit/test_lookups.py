"""Questions to a database that does not answer: asked by few, and not by everyone who comes."""

import threading
from contextlib import contextmanager

import pytest

from api_gateway.tracking import lookups
from api_gateway.tracking.lookups import Lookups


@contextmanager
def transaction():
    yield None


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def patient(now):
    return Lookups(transaction, clock=lambda: now[0])


@pytest.fixture
def hang(monkeypatch):
    """A question that is answered when the test is over; `hang.asked` counts."""
    monkeypatch.setattr(lookups, "PATIENCE_SECONDS", 0.01)
    over, asked = threading.Event(), []

    def question(session):
        asked.append(session)
        over.wait()

    question.asked, question.over = asked, over
    yield question
    over.set()


def test_after_a_failure_the_next_are_answered_at_once_for_a_while(patient, now):
    asked = []

    def fail(session):
        asked.append(session)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        patient.ask(fail)
    for _ in range(20):
        with pytest.raises(TimeoutError):
            patient.ask(fail)
    assert len(asked) == 1

    now[0] = lookups.REST_SECONDS
    assert patient.ask(lambda session: "here") == "here"
    assert patient.ask(lambda session: "again") == "again"


def test_what_hangs_is_asked_by_no_more_than_there_are_places(patient, now, hang, monkeypatch):
    for second in range(20):
        now[0] = second * lookups.REST_SECONDS
        with pytest.raises(TimeoutError):
            patient.ask(hang)
    assert len(hang.asked) == 2


def test_nobody_stands_in_line_behind_questions_that_hang(patient, now, hang, monkeypatch):
    for second in (0.0, lookups.REST_SECONDS):
        now[0] = second
        with pytest.raises(TimeoutError):
            patient.ask(hang)
    now[0] = 2 * lookups.REST_SECONDS
    monkeypatch.setattr(lookups, "PATIENCE_SECONDS", threading.TIMEOUT_MAX)  # who waits for a place waits for ever

    with pytest.raises(TimeoutError):
        patient.ask(hang)


def test_a_crowd_at_a_database_that_answers_is_served_to_the_last(patient):
    answers = []
    crowd = [threading.Thread(target=lambda n=n: answers.append(patient.ask(lambda session: n))) for n in range(30)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert sorted(answers) == list(range(30))
