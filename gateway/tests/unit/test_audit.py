"""The audit trail as a page and as a file."""

import csv
import io
import re

import pytest

from api_gateway import downloads
from api_gateway.routes import audit
from contracts.identity.audit import AuditQuery

ENTRY = {
    "id": "019abf20-5c00-7000-8000-000000000006", "at": "2026-11-24T08:00:00+00:00", "account_id": None,
    "action": "user.created", "user_id": "019abf20-5c00-7000-8000-000000000002", "login": "kowal", "api_key_id": None,
    "operator_id": None, "target_id": None, "address": "192.0.2.1", "request_id": "r1", "reason": None,
    "details": {"login": "=cmd()"},
}  # fmt: skip


@pytest.fixture
def trail(services, make_client, log_in):
    """A client, its headers, and a trail of 2,500 entries in pages."""

    def answer(actor, payload):
        limit, start = int(payload.get("limit", 100)), int(payload.get("cursor") or 0)
        rows = [{**ENTRY, "reason": f"=HYPERLINK({at})"} for at in range(start, min(start + limit, 2500))]
        return {"items": rows, "next_cursor": str(start + limit) if start + limit < 2500 else None}

    services.answers |= {"identity.list_audit_entries": answer, "identity.list_operator_acts": answer}
    client = make_client(audit.ROUTES)

    def get(path, accept=None, kind="session", permissions=("account.audit",)):
        headers = log_in(f"{kind}{len(permissions)}", kind=kind, permissions=permissions) | (
            {"Accept": accept} if accept else {}
        )
        return client.get(path, headers=headers)

    return get


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/csv;q=0.5, application/json"])
def test_a_page_is_json_unless_a_file_is_asked_for(trail, accept, services):
    services.answers["identity.list_audit_entries"] = {"items": [ENTRY], "next_cursor": None}

    answer = trail("/v1/audit-log?action=user&from=2026-11-01T00:00:00Z", accept)

    assert answer.json["items"] == [ENTRY]
    [(_, payload)] = services.asked("identity.list_audit_entries")
    assert (payload["action"], payload["from"]) == ("user", "2026-11-01T00:00:00Z")
    assert AuditQuery().load(payload)["since"].year == 2026


def test_a_file_is_all_of_it_page_by_page_and_no_cell_is_a_formula(trail, services):
    answer = trail("/v1/audit-log?action=user", "text/csv")

    lines = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment; filename=audit-log.csv" in answer.headers["Content-Disposition"]
    assert len(lines) == 2501
    assert lines[0] == list(audit._COLUMNS)
    assert lines[1][1:3] == ["user.created", "kowal"]
    assert not [cell for line in lines for cell in line if cell[:1] in "=+-@\t\r" and cell]
    asked = [payload for _, payload in services.asked("identity.list_audit_entries")]
    assert [(payload["cursor"], payload["action"]) for payload in asked] == [
        (None, "user"), ("1000", "user"), ("2000", "user"),
    ]  # fmt: skip


@pytest.mark.parametrize("reason", ["As agreed;=1+1;", "As agreed\n=1+1", "As agreed\t@SUM(1)", "a;-1;+1"])
def test_no_cell_is_a_formula_where_semicolons_part_cells(reason):
    """A spreadsheet in Poland takes semicolons for separators, and quotes within a cell for mere quotes."""
    written = downloads._lines([["at", reason]]).decode()

    cells = re.split(r"[;\t\r\n]", written)
    assert not [cell for cell in cells if cell[:1] and cell[:1] in "=+-@"]


def test_a_file_is_read_no_faster_than_it_is_taken(trail, services):
    answer = trail("/v1/audit-log", "text/csv")
    chunks = answer.iter_encoded()
    next(chunks), next(chunks)

    assert len(services.asked("identity.list_audit_entries")) == 1


def test_what_is_neither_is_not_acceptable(trail):
    assert trail("/v1/audit-log", "application/pdf").status_code == 406


def test_operators_see_theirs_and_nobody_else_does(trail):
    assert trail("/v1/operator/audit-log", kind="operator", permissions=()).status_code == 200
    assert (
        trail("/v1/operator/audit-log", "text/csv", kind="operator").get_data().startswith(b"\xef\xbb\xbfaccount_id,")
    )
    assert trail("/v1/operator/audit-log", kind="session", permissions=("account",)).status_code == 403
    assert trail("/v1/audit-log", "text/csv", permissions=()).status_code == 403


@pytest.mark.parametrize(
    "query", ["from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "address=nowhere", "user_id=me", "since=2026"]
)
def test_a_filter_that_says_nothing_sensible_is_refused(trail, query):
    assert trail(f"/v1/audit-log?{query}").status_code in (400, 422)
