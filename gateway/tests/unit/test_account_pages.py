"""Pages behind the links of account mails, as a person meets them."""

import pytest

from api_gateway import account_pages as pages
from api_gateway.routes import account_pages
from contracts.errors import Invalid, NotFound, TooManyRequests, Unavailable

LINK = {"login": "rozalia", "language": "pl", "expires_at": "2026-11-24T09:00:00+00:00"}
TYPED = {"password": "cztery fioletowe kalosze", "again": "cztery fioletowe kalosze"}
PURPOSES = {
    "password-reset": ("identity.get_password_reset", "identity.reset_password"),
    "invitation": ("identity.get_invitation", "identity.accept_invitation"),
    "email-change": (None, "identity.confirm_email_change"),
}
WITH_PASSWORD = ("password-reset", "invitation")


@pytest.fixture
def client(make_client, services):
    for look, follow in PURPOSES.values():
        services.answers |= {follow: {}} | ({look: LINK} if look else {})
    return make_client(account_pages.ROUTES)


@pytest.mark.parametrize("page", PURPOSES)
def test_looking_uses_nothing_up_and_the_button_follows_the_link(client, services, page):
    follow = PURPOSES[page][1]

    shown = client.get(f"/{page}/wl_t0ken")
    assert shown.status_code == 200 and '<form method="post"' in shown.text
    assert services.asked(follow) == []
    done = client.post(f"/{page}/wl_t0ken", data=TYPED)

    assert done.status_code == 200
    password = {"password": TYPED["password"]} if page in WITH_PASSWORD else {}
    assert [payload for _, payload in services.asked(follow)] == [{"token": "wl_t0ken", **password}]
    for answer in (shown, done):
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
        assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("page", WITH_PASSWORD)
def test_the_form_names_the_login_in_the_users_language(client, services, page):
    shown = client.get(f"/{page}/wl_t0ken", headers={"Accept-Language": "en"})

    assert shown.headers["Content-Language"] == "pl"
    assert 'value="rozalia"' in shown.text and 'autocomplete="new-password"' in shown.text


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ({"password": "jedno hasło długie", "again": "drugie hasło długie"}, None, "Hasła się różnią."),
        ({"password": "", "again": ""}, None, "To hasło nie może zostać użyte."),
        ({}, None, "To hasło nie może zostać użyte."),
        ({"password": "kot", "again": "kot"}, "password.too_short", "za krótkie"),
        (TYPED, "password.common", "najczęściej odgadywanych"),
        (TYPED, "password.of_a_later_rule", "To hasło nie może zostać użyte."),
    ],
)
def test_what_is_wrong_is_said_beside_the_form_and_what_was_typed_is_not_shown(client, services, typed, code, said):
    if code:
        services.answers["identity.reset_password"] = Invalid.of_field("password", code, "English words.")

    answer = client.post("/password-reset/wl_t0ken", data=typed)

    assert answer.status_code == 422
    assert said in answer.text and "English words" not in answer.text
    assert not typed.get("password") or typed["password"] not in answer.text
    assert bool(services.asked("identity.reset_password")) == bool(code)


@pytest.mark.parametrize("page", PURPOSES)
@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (NotFound("link.not_found", "No."), 404, "does not work"),
        (TooManyRequests("session.busy", "No.", {"retry_after": 7}), 429, "Too many attempts"),
        (Unavailable("service.unavailable", "No."), 503, "later"),
    ],
)
def test_a_link_that_does_not_work_says_so_to_a_person(client, services, page, error, status, said):
    services.answers |= {call: error for call in PURPOSES[page] if call}

    answer = client.post(f"/{page}/wl_t0ken", data=TYPED, headers={"Accept-Language": "en"})

    assert answer.status_code == status and said in answer.text
    assert answer.headers["Content-Type"].startswith("text/html")
    assert status == 404 or int(answer.headers["Retry-After"]) > 0


def test_a_link_far_too_long_asks_nobody(client, services):
    assert client.get("/password-reset/" + "x" * 201).status_code == 404
    assert services.asked("identity.get_password_reset") == []


def test_a_body_far_too_long_is_no_password(client, services):
    answer = client.post("/password-reset/wl_t0ken", data={"password": "x" * 5_000, "again": "x" * 5_000})

    assert answer.status_code == 413 and "Wyślij formularz jeszcze raz." in answer.text
    assert services.asked("identity.reset_password") == []


def test_both_languages_say_the_same_things():
    assert pages.TEXTS["pl"].keys() == pages.TEXTS["en"].keys()
