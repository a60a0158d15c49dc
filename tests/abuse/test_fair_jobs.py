"""One tenant's poisoned work beside a stranger's half-sent requests: whom else it holds up, in order and in figures.

    .venv/bin/python -m pytest -s tests/abuse/test_fair_jobs.py      # prints the figures

What is asserted is the order in which jobs end and that everything is answered: seconds are for whoever reads them.
"""

import secrets
import sys
import time
from contextlib import ExitStack, contextmanager

import pytest
from api import poll
from journey import Journey
from raw import Raw
from test_slots import HALF_OPEN, SLOW_UPLOADS, half_sent_log_in, slow_upload, slowest_of

ENDED = ("done", "failed", "cancelled")
POISONED_IMPORTS, ROWS = 6, 200_000
PEOPLE = 2_000


@pytest.fixture(scope="module")
def neighbour(environ):
    made = Journey(environ)
    made.prepare()
    return made


@pytest.fixture(scope="module")
def hostile(environ):
    made = Journey(environ)
    made.prepare()
    return made


def has_ended(journey, path):
    return journey.api.get(path)["state"] in ENDED


def usual_work(journey, folder):
    """One import, one export, one file of a person, one after another; seconds of each."""
    word = secrets.token_hex(3)
    file = folder / f"{word}.csv"
    file.write_text("email;first_name\n" + "".join(f"o{n}.{word}@poczta.example;Ola\n" for n in range(PEOPLE)))
    taken = {}
    with timed(taken, "import"):
        group_id = journey.import_contacts(file, group=f"Grupa {word}", seconds=120)["group_ids"][0]
    for kind, path, asked in (
        ("export", "/v1/exports", {"group_id": group_id, "format": "csv"}),
        ("privacy", "/v1/privacy/exports", {"email": f"o7.{word}@poczta.example"}),
    ):
        with timed(taken, kind):
            job = journey.api.post(path, asked)
            ended = poll(
                lambda path=path, job=job: journey.api.get(f"{path}/{job['id']}"),
                lambda answer: answer["state"] in ENDED,
                seconds=120,
            )
        assert ended["state"] == "done", ended
    return taken


@contextmanager
def timed(taken, name):
    began = time.monotonic()
    yield
    taken[name] = round(time.monotonic() - began, 2)


def poison(journey, folder):
    """Paths of ten jobs, the most that an account may have: imports that fail at their end, and exports."""
    bad = folder / "zle.csv"
    bad.write_bytes(b"email;first_name\n" + b"osoba@poczta.example;Ola\n" * ROWS + b'"' + b"x" * 3_000_000)
    jobs = [f"/v1/imports/{journey.api.upload('/v1/imports', bad, options={})['id']}" for _ in range(POISONED_IMPORTS)]
    for kind in ("csv", "xlsx"):
        jobs.append(f"/v1/exports/{journey.api.post('/v1/exports', {'format': kind})['id']}")
        asked = {"email": "osoba@poczta.example"}
        jobs.append(f"/v1/privacy/exports/{journey.api.post('/v1/privacy/exports', asked)['id']}")
    return jobs


def test_everybody_elses_work_ends_before_the_poisoned_does(environ, hostile, neighbour, tmp_path, record_property):
    raw = Raw(environ)
    listed = tmp_path / "wielu.csv"
    listed.write_text("email;first_name\n" + "".join(f"x{n}@poczta.example;=1+1\n" for n in range(20_000)))
    hostile.import_contacts(listed, group="Wielu", seconds=300)
    usual = usual_work(neighbour, tmp_path)

    jobs = poison(hostile, tmp_path)
    with ExitStack() as held:
        for _ in range(HALF_OPEN):
            held.enter_context(raw.send(half_sent_log_in()))
        for _ in range(SLOW_UPLOADS):
            held.enter_context(raw.send(slow_upload(hostile)))
        # First what is asserted: the poisoned work goes on meanwhile, and a quick machine is through with it soon.
        beside = usual_work(neighbour, tmp_path)
        imports_left = sum(not has_ended(hostile, path) for path in jobs[:POISONED_IMPORTS])
        health, click = slowest_of(raw, "/healthz", 200), slowest_of(raw, raw.click_path(), 302)

    figures = {"p99": {"healthz": round(health, 3), "click": round(click, 3)}, "usual": usual, "beside": beside}
    figures["poisoned imports that had not ended"] = imports_left
    sys.stderr.write(f"\n{figures}\n")
    record_property("figures", figures)
    assert imports_left > 0, "the poisoned work was over before the neighbour's: nothing is shown"
    for path in jobs:  # and it stops itself
        poll(lambda path=path: has_ended(hostile, path), bool, seconds=300)
