"""Sessions of pages in a browser: what is secret travels in cookies that no script reads, and alone does nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contracts.errors import Unauthenticated

BROWSER = {"Wici-Session": "cookie"}
CREDENTIALS = {"login": "rozalia", "password": "trzy zielone parasole"}
REFRESH, DEVICE, MARK = "__Secure-wici_refresh", "__Secure-wici_device", "__Secure-wici_session"


@pytest.fixture
def client(make_client: Callable[..., Any]) -> Any:
    return make_client(public_url="https://wici.example", cors_origins=("https://shop.example",))


@pytest.fixture(autouse=True)
def identity(services: Any) -> Iterator[None]:
    """Each answer has other tokens."""
    numbers = iter(range(1, 100))

    def tokens(_actor: Any, _payload: Any) -> dict[str, Any]:
        number = next(numbers)
        made = {"access_token": f"ws_{number}", "refresh_token": f"wr_{number}", "device_token": f"wd_{number}"}
        return {"session_id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90", "token_type": "Bearer", "expires_in": 900, **made}

    services.answers.update(
        {"identity.create_session": tokens, "identity.refresh_session": tokens, "identity.end_session": None}
    )
    yield


def open_session(client: Any) -> Any:
    return client.post("/v1/sessions", json=CREDENTIALS, headers=BROWSER, base_url="https://wici.example")


def refresh(client: Any, **more: Any) -> Any:
    return client.post("/v1/sessions/refresh", base_url="https://wici.example", **{"headers": BROWSER, **more})


def test_a_browser_gets_its_secrets_in_cookies_alone(client: Any) -> None:
    answer = open_session(client)

    assert answer.status_code == 201
    assert (answer.json["access_token"], answer.json["refresh_token"], answer.json["device_token"]) == (
        "ws_1", None, None,
    )  # fmt: skip
    refresh_cookie, mark, device = answer.headers.getlist("Set-Cookie")
    for cookie, name in ((refresh_cookie, REFRESH), (device, DEVICE)):
        assert cookie.startswith(f"{name}=")
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/v1/sessions"} <= set(cookie.split("; "))
    assert mark.startswith(f"{MARK}=1; ") and "HttpOnly" not in mark
    assert {"Secure", "SameSite=Strict", "Path=/app"} <= set(mark.split("; "))


def test_what_scripts_see_of_a_session_comes_lasts_and_goes_with_it(client: Any, log_in: Any) -> None:
    def lives(answer: Any) -> list[str]:
        cookies = answer.headers.getlist("Set-Cookie")
        return [part for name in (REFRESH, MARK) for one in cookies if one.startswith(name) for part in one.split("; ")
                if part.startswith("Max-Age")]  # fmt: skip

    assert lives(open_session(client)) == ["Max-Age=2592000"] * 2
    assert lives(refresh(client)) == ["Max-Age=2592000"] * 2
    ended = client.delete("/v1/sessions/current", headers=log_in(), base_url="https://wici.example")
    assert lives(ended) == ["Max-Age=0"] * 2
    assert lives(refresh(client)) == ["Max-Age=0"] * 2


def test_a_program_gets_them_in_the_answer_and_no_cookie(client: Any) -> None:
    opened = client.post("/v1/sessions", json=CREDENTIALS)
    renewed = client.post("/v1/sessions/refresh", json={"refresh_token": opened.json["refresh_token"]})

    assert (opened.json["refresh_token"], renewed.json["refresh_token"]) == ("wr_1", "wr_2")
    assert "Set-Cookie" not in opened.headers and "Set-Cookie" not in renewed.headers


def test_the_cookie_refreshes_and_is_replaced(client: Any, services: Any) -> None:
    open_session(client)

    first, second = refresh(client), refresh(client)

    assert (first.json["access_token"], second.json["access_token"]) == ("ws_2", "ws_3")
    assert first.json["refresh_token"] is None
    sent = [payload for _actor, payload in services.asked("identity.refresh_session")]
    assert sent == [{"refresh_token": "wr_1"}, {"refresh_token": "wr_2"}]


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}])
def test_the_cookie_without_the_header_is_not_looked_at(client: Any, services: Any, headers: dict[str, str]) -> None:
    """As a form of another site would send it, were the cookie to come along."""
    open_session(client)

    answer = refresh(client, headers=headers)

    assert (answer.status_code, answer.json["code"]) == (401, "session.refresh_missing")
    assert not services.asked("identity.refresh_session")


def test_no_other_origin_may_send_the_header(client: Any) -> None:
    asks = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}

    answer = client.options("/v1/sessions/refresh", headers=asks)

    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "wici-session" not in answer.headers["Access-Control-Allow-Headers"].lower()
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_logging_out_takes_the_cookie_and_leaves_the_device(client: Any, services: Any, log_in: Any) -> None:
    open_session(client)

    answer = client.delete("/v1/sessions/current", headers=log_in(), base_url="https://wici.example")

    assert answer.status_code == 204
    assert refresh(client).json["code"] == "session.refresh_missing"
    open_session(client)
    assert services.asked("identity.create_session")[-1][1]["device_token"] == "wd_1"


def test_ending_another_session_leaves_the_cookie(client: Any, log_in: Any) -> None:
    open_session(client)
    other = "/v1/sessions/0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90"

    assert client.delete(other, headers=log_in(), base_url="https://wici.example").status_code == 204

    assert refresh(client).status_code == 200


def test_a_session_that_has_ended_takes_its_cookie_along(client: Any, services: Any) -> None:
    open_session(client)
    services.answers["identity.refresh_session"] = Unauthenticated("session.invalid", "Wrong, or ended.")

    answer = refresh(client)

    assert (answer.status_code, answer.json["code"]) == (401, "session.invalid")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert refresh(client).json["code"] == "session.refresh_missing"


@pytest.mark.parametrize("value", ["", "zażółć", "a\x00b", "x" * 2000, '"wr_1', "wr_1; wr_2"])
def test_a_cookie_that_is_no_token_is_none(client: Any, services: Any, value: str) -> None:
    client.set_cookie(REFRESH, value, domain="wici.example", path="/v1/sessions", secure=True)

    assert refresh(client).status_code == 401
    assert not any("\x00" in str(payload) for _actor, payload in services.asked("identity.refresh_session"))


def test_another_mode_is_refused(client: Any) -> None:
    answer = client.post("/v1/sessions", json=CREDENTIALS, headers={"Wici-Session": "header"})

    assert (answer.status_code, answer.json["code"]) == (400, "session.bad_mode")


def test_where_there_is_no_encryption_the_name_promises_none(make_client: Callable[..., Any]) -> None:
    client = make_client(public_url="http://127.0.0.1:8000")

    [refresh_cookie, mark, _device] = client.post("/v1/sessions", json=CREDENTIALS, headers=BROWSER).headers.getlist(
        "Set-Cookie"
    )

    assert refresh_cookie.startswith("wici_refresh=wr_1; ") and "Secure" in refresh_cookie
    assert mark.startswith("wici_session=1; ")
