"""A report as a table or on paper, by what the client takes."""

from __future__ import annotations

from base64 import b64encode
from uuid import uuid4

import pytest

from api_gateway.routes import reports

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def get(services, make_client, log_in):
    """`get(accept, language)`: the file; a table comes in two pieces, each with the state for the next."""

    def piece(_actor, payload):
        seq = payload["seq"]
        chunk = b64encode(f"{payload['format']}{seq}{payload.get('state') or ''}".encode()).decode()
        return {"chunk": None if seq > 1 else chunk, "state": f"s{seq}" if payload["format"] == "xlsx" else None}

    services.answers |= {
        "reporting.export_report": piece,
        "reporting.print_report": lambda _actor, payload: {"content": b64encode(payload["language"].encode()).decode()},
    }
    client = make_client(reports.ROUTES)
    headers = log_in("raport", kind="session", permissions=("reports.export",))

    def read(accept=None, language=None, query=""):
        asked = headers | ({"Accept": accept} if accept else {}) | ({"Accept-Language": language} if language else {})
        return client.get(f"/v1/campaigns/{uuid4()}/report/file{query}", headers=asked)

    return read


@pytest.mark.parametrize("accept", [None, "*/*", "text/csv", f"{XLSX};q=0.5, text/csv"])
def test_without_a_wish_it_is_text(get, accept):
    answer = get(accept)

    assert (answer.status_code, answer.get_data()) == (200, b"csv0csv1")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert ".csv" in answer.headers["Content-Disposition"]


def test_each_piece_of_a_spreadsheet_is_asked_for_with_what_the_one_before_came_with(get, services):
    answer = get(XLSX, query="?who=undelivered")

    assert (answer.headers["Content-Type"], answer.get_data()) == (XLSX, b"xlsx0xlsx1s0")
    assert {payload["who"] for _, payload in services.asked("reporting.export_report")} == {"undelivered"}


@pytest.mark.parametrize(("language", "said"), [(None, b"pl"), ("en-GB,en;q=0.9", b"en"), ("de", b"pl")])
def test_on_paper_it_is_in_the_clients_language(get, language, said):
    answer = get("application/pdf", language)

    assert (answer.headers["Content-Type"], answer.get_data()) == ("application/pdf", said)
    assert answer.headers["Content-Language"].encode() == said
    assert {"Accept", "Accept-Language"} <= set(answer.vary)
    assert ".pdf" in answer.headers["Content-Disposition"]


def test_what_nobody_makes_is_not_given(get):
    assert get("image/png").status_code == 406
