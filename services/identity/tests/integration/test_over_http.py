"""Access as the public sees it: the gateway and identity as they run, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pyotp
import pytest
from pypdf import PdfReader
from sqlalchemy import text as sql

from chassis.database import Database
from chassis.testing import SECRET_KEYS, free_port, wait_until
from contracts.permissions import OWNER, PERMISSIONS, SESSION_ONLY

all_routes = pytest.importorskip("api_gateway.routes", reason="the gateway is not installed here").all_routes
requests = pytest.importorskip("requests")

PASSWORD = "trzy zielone parasole"


class Caller:
    """Somebody with a token, or nobody."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url, self.token = url, token

    def __call__(self, method: str, path: str, body: Any = None, *, expect: int) -> Any:
        answer = self.ask(method, path, body)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else {}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=30)

    def having(self, token: str) -> Caller:
        return Caller(self.url, token)


@pytest.fixture(scope="module")
def address(running_identity: None, launch_once: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the gateway listens."""
    port = free_port()
    environ = {
        "HEALTH_PORT": str(free_port()),
        "GATEWAY_BIND": f"127.0.0.1:{port}",
        "GATEWAY_SPOOL_FOLDER": str(tmp_path_factory.mktemp("gateway") / "spool"),
    }
    launch_once("api_gateway", service="api_gateway", env=environ)
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def public(address: str, database: Database) -> Caller:
    return Caller(address)


def enter(public: Caller, name: str) -> Caller:
    registration = {
        "login": name,
        "email": f"{name}@example.com",
        "password": PASSWORD,
        "account_name": name,
        "accept_terms": True,
    }
    public("POST", "/v1/accounts", registration, expect=201)
    tokens = public("POST", "/v1/sessions", {"login": name, "password": PASSWORD}, expect=201)
    return public.having(tokens["access_token"])


def test_access_from_registration_to_revocation(public: Caller) -> None:
    owner, stranger = enter(public, "rozalia"), enter(public, "obcy77")
    public("GET", "/v1/me", expect=401)
    usage = owner("GET", "/v1/account/usage", expect=200)
    assert usage["features"][0]["remaining"] == 100
    assert usage["contacts"] == {"limit": 100, "used": None}  # contacts does not run here

    # A key does what it may, never manages users, and is worth nothing on any worker a moment after it is revoked.
    made = owner("POST", "/v1/api-keys", {"name": "Sklep", "scopes": ["account.read"]}, expect=201)
    key = public.having(made["key"])
    key("GET", "/v1/account", expect=200)
    assert key("GET", "/v1/users", expect=403)["code"] == "session.required"
    assert key("GET", "/v1/audit-log", expect=403)["permission"] == "account.audit"
    stranger("DELETE", f"/v1/api-keys/{made['id']}", expect=404)
    owner("DELETE", f"/v1/api-keys/{made['id']}", expect=204)
    wait_until(
        lambda: all(key.ask("GET", "/v1/account").status_code == 401 for _ in range(8)), timeout=2, what="revocation"
    )

    # Another account finds nothing of this one.
    user = {"login": "bartek7", "email": "b@example.com", "password": PASSWORD, "permissions": ["contacts"]}
    made = owner("POST", "/v1/users", user, expect=201)
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "X"}),
        ("PUT", "/permissions", {"permissions": ["sms"]}),
        ("DELETE", "", None),
    ):
        stranger(method, f"/v1/users/{made['id']}{path}", body, expect=404)
    assert owner("GET", f"/v1/users/{made['id']}", expect=200)["permissions"] == ["contacts"]

    # What was done can be read, by whom it concerns.
    actions = [entry["action"] for entry in owner("GET", "/v1/audit-log", expect=200)["items"]]
    assert actions[:3] == ["user.created", "api_key.revoked", "api_key.created"]
    assert "user.created" not in json.dumps(stranger("GET", "/v1/audit-log", expect=200))


def become_operator(public: Caller, database_url: Callable[[str], str]) -> Caller:
    environ = {**os.environ, "IDENTITY_DATABASE_URL": database_url("identity"), "WICI_SECRET_KEYS": SECRET_KEYS}
    command = [sys.executable, "-m", "identity.commands.operators", "add", "dyzurny1", "ops@example.com", "--json"]
    made = json.loads(subprocess.run(command, env=environ, capture_output=True, check=True, text=True).stdout)
    log_in = {"login": "dyzurny1", "password": made["password"], "totp": pyotp.TOTP(made["totp_secret"]).now()}
    assert public("POST", "/v1/operator/sessions", log_in, expect=401)["code"] == "session.password_change_required"
    log_in["new_password"] = "sześć grubych kotów"
    return public.having(public("POST", "/v1/operator/sessions", log_in, expect=201)["access_token"])


def test_an_operator_moves_a_plan_and_a_customer_does_not(public: Caller, database_url: Callable[[str], str]) -> None:
    owner = enter(public, "rozalia")
    account_id = owner("GET", "/v1/account", expect=200)["account_id"]
    operator = become_operator(public, database_url)

    change, path = {"plan": "business", "reason": "Contract 114"}, f"/v1/operator/accounts/{account_id}/plan"
    owner("PUT", path, change, expect=403)
    operator("PUT", path, change, expect=200)

    assert owner("GET", "/v1/account", expect=200)["plan"]["code"] == "business"
    [entry] = owner("GET", "/v1/audit-log?action=account.plan_set", expect=200)["items"]
    assert entry["reason"] == "Contract 114"
    operator("GET", "/v1/me", expect=403)


def test_an_invoice_from_issue_to_duplicate(public: Caller, database_url: Callable[[str], str]) -> None:
    owner, stranger = enter(public, "rozalia"), enter(public, "obcy77")
    operator = become_operator(public, database_url)
    account_id = owner("GET", "/v1/account", expect=200)["account_id"]
    company = {"name": "Zażółć gęślą jaźń s.c.", "address": "ul. Kwiatowa 1", "vat_number": "526-025-02-74"}
    line = {"description": "Pakiet SMS", "quantity": "1.5", "unit_net_price": 10_050, "vat_rate": "23"}
    order, path = {"lines": [line], "reason": "Order 88"}, f"/v1/operator/accounts/{account_id}/invoices"
    refused = operator("POST", path, order, expect=409)
    assert (refused["code"], len(refused["errors"])) == ("invoice.buyer_incomplete", 2)
    owner("PATCH", "/v1/account", {"company": company}, expect=200)
    owner("POST", path, order, expect=403)
    operator("POST", path, {**order, "lines": [{**line, "quantity": 1.5}]}, expect=422)

    first, again = (operator.ask("POST", path, order, **{"Idempotency-Key": "order-88"}) for _ in range(2))
    assert (first.status_code, again.headers.get("Idempotency-Replayed")) == (201, "true")
    assert first.json() == again.json()
    assert operator.ask("POST", path, {**order, "due_days": 3}, **{"Idempotency-Key": "order-88"}).status_code == 422
    made, mine = first.json(), f"/v1/invoices/{first.json()['id']}"
    assert made["gross"] == {"amount": 18_542, "currency": "PLN"}
    assert first.headers["Location"] == f"/v1/operator{mine[3:]}"

    assert [item["number"] for item in owner("GET", "/v1/invoices?state=issued", expect=200)["items"]] == [
        made["number"]
    ]
    assert stranger("GET", "/v1/invoices", expect=200)["items"] == []
    assert owner("GET", mine, expect=200) == {**made, "duplicates": []}
    assert operator("GET", f"/v1/operator/invoices?account_id={account_id}", expect=200)["items"]
    paper = owner.ask("GET", mine, Accept="application/pdf")
    assert (paper.headers["Content-Type"], paper.headers["Vary"]) == ("application/pdf", "Accept")
    assert f"filename={made['number'].replace('/', '-')}.pdf;" in paper.headers["Content-Disposition"]
    assert "Zażółć gęślą jaźń" in text_of(paper.content)
    assert owner.ask("GET", mine, Accept="application/pdf").content == paper.content

    duplicates = f"/v1/operator{mine[3:]}/duplicates"
    duplicate = operator("POST", duplicates, {"reason": "Lost by the buyer"}, expect=201)
    copy = owner.ask("GET", f"{mine}/duplicates/{duplicate['id']}")
    assert "DUPLIKAT" in text_of(copy.content)
    assert operator.ask("GET", f"{duplicates}/{duplicate['id']}").content == copy.content
    for path in (mine, f"{mine}/duplicates/{duplicate['id']}"):
        stranger("GET", path, expect=404)
    assert owner.ask("GET", mine, Accept="application/pdf").content == paper.content
    paid = operator("POST", f"/v1/operator{mine[3:]}/payment", {"reason": "Statement 7"}, expect=200)
    assert (paid["state"], len(paid["duplicates"])) == ("paid", 1)
    operator("POST", f"/v1/operator{mine[3:]}/corrections", {"lines": [], "reason": "Complaint"}, expect=201)
    assert owner("GET", "/v1/invoices?kind=correction", expect=200)["items"][0]["gross"]["amount"] == -18_542


def text_of(paper: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(paper)).pages)


def test_a_plan_is_made_changed_and_ends(
    public: Caller, database_url: Callable[[str], str], database: Database
) -> None:
    owner, operator = enter(public, "rozalia"), become_operator(public, database_url)
    free = {**operator("GET", "/v1/operator/plans", expect=200)["items"][1]}
    assert (free["code"], free["accounts"], free["ends_after_days"]) == ("free", 1, 30)
    owner("GET", "/v1/operator/plans", expect=403)
    change = {"price": {"amount": 1, "currency": "PLN"}, "reason": "Not free any more"}
    assert operator("PATCH", "/v1/operator/plans/free", change, expect=409)["code"] == "plan.in_use"
    operator("PATCH", "/v1/operator/plans/gold", change, expect=404)
    operator("POST", "/v1/operator/plans", {"code": "X", "reason": "No plan at all"}, expect=422)
    assert owner("GET", "/v1/account/usage/history", expect=200) == {"items": [], "next_cursor": None}

    with database.transaction() as session:
        session.execute(sql("UPDATE accounts SET plan_ends_at = now()"))

    assert owner("GET", "/v1/account", expect=200)["plan_ends_at"] is not None
    operator(
        "PUT",
        f"/v1/operator/accounts/{owner('GET', '/v1/account', expect=200)['account_id']}/plan",
        {"plan": "starter", "reason": "Contract"},
        expect=200,
    )
    assert owner("GET", "/v1/account", expect=200)["plan_ends_at"] is None


def test_guesses_are_slowed_with_a_time_to_wait(public: Caller) -> None:
    enter(public, "rozalia")
    wrong = {"login": "rozalia", "password": "wrong password here"}

    answers = [public.ask("POST", "/v1/sessions", wrong) for _ in range(8)]

    assert [answer.status_code for answer in answers[:5]] == [401] * 5
    slowed = [answer for answer in answers if answer.status_code == 429]
    assert slowed and all(int(answer.headers["Retry-After"]) >= 1 for answer in slowed)
    assert all(answer.headers["Content-Type"] == "application/problem+json" for answer in answers)


def test_who_manages_users_may_do_nothing_else_and_no_key_manages_users(public: Caller) -> None:
    """Every route there is, called by somebody who holds `users.manage` alone, and by a key that holds every scope."""
    owner = enter(public, "rozalia")
    user = {"login": "kadrowa", "email": "k@example.com", "password": PASSWORD, "permissions": ["users.manage"]}
    made = owner("POST", "/v1/users", user, expect=201)
    tokens = public("POST", "/v1/sessions", {"login": "kadrowa", "password": PASSWORD}, expect=201)
    manager = public.having(tokens["access_token"])
    scopes = [name for name in OWNER if name not in SESSION_ONLY]
    key = public.having(owner("POST", "/v1/api-keys", {"name": "all", "scopes": scopes}, expect=201)["key"])

    granted = {**user, "login": "bartek7", "permissions": ["sms", "contacts"]}
    assert manager("POST", "/v1/users", granted, expect=201)["permissions"] == ["contacts", "sms"]
    own = f"/v1/users/{made['id']}/permissions"
    assert manager("PUT", own, {"permissions": ["sms"]}, expect=403)["code"] == "user.own_rights"

    for route in all_routes():
        path = re.sub(r"<[^>]+>", made["id"], route.path)
        if route.permission in PERMISSIONS and route.permission not in ("users.manage", "account.close"):
            assert manager(route.method, path, expect=403)["permission"] == route.permission
        if route.operator:
            assert manager(route.method, path, expect=403)["code"] == "operator.required"
        if route.session_only:
            assert key(route.method, path, expect=403)["code"] == "session.required"
