"""Sign-up forms as strangers meet them: pages, plain HTML forms, origins, limits, and links that scanners follow."""

import re
from html.parser import HTMLParser

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from api_gateway.routes import forms, sign_ups
from api_gateway.sign_ups import html_forms, pages
from contracts.contacts.sign_ups import FormAnswers
from contracts.errors import Conflict, Invalid, NotFound, PlanLimit, Unavailable

FORM = "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7ea0"
SUBMIT = f"/v1/forms/{FORM}/submissions"
SHOP = {"Origin": "https://sklep.example"}
DESCRIBED = {
    "id": FORM,
    "title": "Nowości <b>& więcej",
    "language": "pl",
    "consent_texts": {"pl": "Zgadzam się.\n<script>", "de": "Ja, ich will."},
    "consent_version": 3,
    "fields": [
        {"key": "email", "type": "email", "required": True, "labels": {}},
        {"key": "first_name", "type": "text", "required": False, "labels": {"pl": "Jak masz na imię?"}},
        {"key": "vip", "type": "boolean", "required": False, "labels": {}},
    ],
    "channels": ["email"],
    "submitted_url": None,
    "origins": ["https://sklep.example"],
}
RECEIVED = {"state": "pending", "detail": "A mail is on its way."}
BODY = {"fields": {"email": "ola@x.example"}, "consent": True}
TYPED = {"email": "ola@x.example", "first_name": "", "_consent": "on", "_consent_version": "3", "submit": "Wyślij"}
FOUND = {
    "state": "pending", "already": False, "form_id": FORM, "language": "pl", "title": "Nowości", "confirmed_url": None,
    "account_name": "sklepik", "consent_text": "Zgadzam się.",
}  # fmt: skip


@pytest.fixture
def client(make_client, services):
    services.answers |= {
        "contacts.describe_form": DESCRIBED,
        "contacts.submit_form": RECEIVED,
        "contacts.get_confirmation": FOUND,
        "contacts.confirm_submission": {**FOUND, "state": "confirmed"},
    }
    return make_client([*sign_ups.ROUTES, *forms.ROUTES])


def asked(services, name="contacts.submit_form"):
    return [payload for _actor, payload in services.asked(name)]


def test_a_submission_as_json_is_handed_over_with_address_and_browser(client, services):
    answer = client.post(SUBMIT, json=BODY, headers={"User-Agent": "M" * 2_000, "X-Forwarded-For": "192.0.2.1"})

    assert (answer.status_code, answer.json) == (202, RECEIVED)
    ((actor, payload),) = services.asked("contacts.submit_form")
    assert payload == {**BODY, "form_id": FORM, "user_agent": "M" * 1_000}
    assert (actor["address"], actor["account_id"]) == ("127.0.0.1", None)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"[]", 422),
        (b"{", 400),
        (b'{"fields": {}, "consent": "yes"}', 422),
        (b'{"fields": {"email": "a@x.example"}}', 422),
        (b'{"fields": {}, "consent": true, "form_id": "x"}', 422),
        (b'{"fields": {}, "consent": true, "user_agent": "x"}', 422),
        (b'{"fields": {"a": "\\u0000"}, "consent": true}', 400),
        (b'{"fields": {"a": "' + b"x" * 17_000 + b'"}, "consent": true}', 413),
    ],
)
def test_a_bad_body_is_a_problem(client, services, body, status):
    answer = client.post(SUBMIT, data=body, content_type="application/json")

    assert (answer.status_code, answer.json["status"]) == (status, status)
    assert asked(services) == []


def test_another_media_type_is_refused(client):
    assert client.post(SUBMIT, data=b"x", content_type="text/plain").status_code == 415


def test_a_plain_html_form_is_understood_and_answered_with_a_page(client, services):
    answer = client.post(SUBMIT, data=TYPED)

    assert asked(services) == [
        {
            "fields": {"email": "ola@x.example"},
            "consent": True,
            "website": "",
            "consent_version": 3,
            "form_id": FORM,
            "user_agent": answer.request.headers["User-Agent"],
        }
    ]
    assert (answer.status_code, answer.mimetype) == (202, "text/html")
    assert "Sprawdź pocztę" in answer.text


def test_it_is_redirected_where_the_form_says_so(client, services):
    services.answers["contacts.describe_form"] = {**DESCRIBED, "submitted_url": "https://sklep.example/dzieki"}

    answer = client.post(SUBMIT, data=TYPED)

    assert (answer.status_code, answer.headers["Location"]) == (303, "https://sklep.example/dzieki")


def test_a_mistake_shows_the_form_again_with_what_was_typed(client, services):
    wrong = [{"field": "fields.email", "code": "email.invalid", "detail": ""}]
    services.answers["contacts.submit_form"] = Invalid("request.invalid", "", None, wrong)

    answer = client.post(
        SUBMIT, data={**TYPED, "email": '"><script>alert(1)</script>', "first_name": "Ola", "vip": "true"}
    )

    assert answer.status_code == 422
    assert "<script>" not in answer.text
    assert 'value="&#34;&gt;&lt;script&gt;' in answer.text
    assert 'value="Ola"' in answer.text and " checked" in answer.text
    assert re.search(r'id="f-email"[^>]*aria-invalid="true" aria-describedby="w-email"', answer.text)
    assert 'id="w-email"' in answer.text and 'role="alert"' in answer.text


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (NotFound("form.not_found"), 404, "Nie ma takiego formularza"),
        (Conflict("form.consent_changed"), 409, "Formularz się zmienił"),
        (Unavailable("service.unavailable"), 503, "Spróbuj ponownie"),
    ],
)
def test_what_else_goes_wrong_is_said_in_words(client, services, error, status, words):
    services.answers["contacts.submit_form"] = error

    answer = client.post(SUBMIT, data=TYPED)

    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert words in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_bytes_that_are_no_form_are_said_to_be_unreadable(client, services):
    for body, status in (
        (b"email=%FF", 400),
        (b"email=a%00b", 400),
        (b"&".join([b"a=1"] * 200), 400),
        (b"a=" + b"x" * 17_000, 413),
    ):
        answer = client.post(SUBMIT, data=body, content_type="application/x-www-form-urlencoded")
        assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert asked(services) == []


@pytest.mark.parametrize(("language", "title"), [("pl", "wypróbowywany"), ("en", "tried out")])
def test_the_form_of_an_account_on_trial_says_that_it_is_being_tried_out(client, services, language, title):
    shown = {"submitted_url": "https://sklep.example/dziekujemy", "consent_texts": {"pl": "Tak.", "en": "Yes."}}
    services.answers["contacts.describe_form"] = {**DESCRIBED, **shown}
    services.answers["contacts.submit_form"] = {"state": "trial", "detail": "…"}

    page = client.post(SUBMIT, data={**TYPED, "_language": language})

    assert page.status_code == 202
    assert title in page.text


def test_sign_ups_are_limited_by_address_and_by_form(make_client, services):
    services.answers |= {"contacts.describe_form": DESCRIBED, "contacts.submit_form": RECEIVED}
    used = {}

    def lease(subject, _start, _wanted, limit):
        used[subject] = used.get(subject, 0) + 1
        return (1, 0) if used[subject] <= limit else (0, 0)

    client = make_client(sign_ups.ROUTES, lease=lease, form_address_rate=2, form_rate=3)
    own = [client.post(SUBMIT, json=BODY).status_code for _ in range(3)]
    page = client.post(SUBMIT, data=TYPED)

    assert own == [202, 202, 429]
    assert (page.status_code, page.mimetype) == (429, "text/html")
    assert len(asked(services)) == 2
    assert {"form-address:127.0.0.1", f"form:{FORM}"} <= set(used)


def test_only_the_forms_origins_may_read_the_answers(client, services):
    for method, path in (("POST", SUBMIT), ("GET", f"/v1/forms/{FORM}/public")):
        body = {"json": BODY} if method == "POST" else {}
        read = client.open(path, method=method, headers=SHOP, **body)
        others = client.open(path, method=method, headers={"Origin": "https://evil.example"}, **body)
        preflight = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type"}
        allowed = client.options(path, headers={**SHOP, **preflight})
        refused = client.options(path, headers={"Origin": "https://evil.example", **preflight})

        assert read.headers["Access-Control-Allow-Origin"] == "https://sklep.example"
        assert "Access-Control-Allow-Origin" not in others.headers
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://sklep.example"
        assert method in allowed.headers["Access-Control-Allow-Methods"]
        assert "Content-Type" in allowed.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Origin" not in refused.headers
    assert len(services.asked("contacts.describe_form")) == 1, "it is remembered for a moment"


def test_an_error_may_be_read_by_the_forms_origin_too(client, services):
    services.answers["contacts.submit_form"] = Invalid("request.invalid", "", None, [])

    answer = client.post(SUBMIT, json=BODY, headers=SHOP)

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (422, "https://sklep.example")


def test_other_routes_stay_closed_to_the_forms_origins(client, services, log_in):
    services.answers["contacts.get_form"] = {}

    answer = client.get(f"/v1/forms/{FORM}", headers={**SHOP, **log_in(permissions=["contacts.read"])})
    preflight = client.options(f"/v1/forms/{FORM}", headers={**SHOP, "Access-Control-Request-Method": "GET"})

    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Origin" not in preflight.headers


def test_a_form_that_is_not_there_is_asked_for_once(client, services):
    services.answers["contacts.describe_form"] = NotFound("form.not_found")

    answers = [client.post(SUBMIT, json=BODY).status_code, client.get(f"/f/{FORM}").status_code]
    preflight = client.options(SUBMIT, headers={**SHOP, "Access-Control-Request-Method": "POST"})

    assert answers == [404, 404]
    assert preflight.status_code == 200 and "Access-Control-Allow-Origin" not in preflight.headers
    assert len(services.asked("contacts.describe_form")) == 1


def test_the_description_tells_a_web_site_what_it_needs_and_no_more(client):
    told = client.get(f"/v1/forms/{FORM}/public").json

    assert told["consent_version"] == 3
    assert set(told) == set(DESCRIBED) - {"submitted_url", "origins"}


def test_the_hosted_page_is_whole_and_loads_nothing(client, services):
    services.answers["contacts.describe_form"] = {**DESCRIBED, "submitted_url": "https://dzieki.example/a?b"}

    answer = client.get(f"/f/{FORM}?utm_source=facebook")

    policy = answer.headers["Content-Security-Policy"]
    assert answer.status_code == 200
    assert "default-src 'none'" in policy and "form-action 'self' https://dzieki.example;" in policy
    assert not re.search(r"(src|href)=", answer.text)
    assert "<b>" not in answer.text and "<script>" not in answer.text
    for name in ("email", "first_name", "vip", "_consent", "_website"):
        assert f'name="{name}"' in answer.text
    assert '<input type="hidden" name="_consent_version" value="3">' in answer.text
    assert re.search(r'<label for="f-email">E-mail</label>\s*<input[^>]* autocomplete="email" required', answer.text)
    assert "Jak masz na imię? <small>(opcjonalnie)</small>" in answer.text


def test_the_hosted_page_speaks_the_browsers_language_where_the_form_does(client):
    german = client.get(f"/f/{FORM}", headers={"Accept-Language": "de, pl;q=0.5"})
    french = client.get(f"/f/{FORM}", headers={"Accept-Language": "fr"})

    assert "Ja, ich will." in german.text and "Sign me up" in german.text
    assert "Zgadzam się." in french.text and "Zapisz mnie" in french.text


def test_looking_at_the_link_of_the_mail_confirms_nothing(client, services):
    for method in ("GET", "HEAD"):
        assert client.open("/c/abc?utm_source=mail", method=method).status_code == 200

    page = client.get("/c/abc").text
    assert '<form method="post"><button type="submit">Potwierdzam zapis</button></form>' in page
    assert "Zgadzam się." in page and "sklepik" in page
    assert asked(services, "contacts.confirm_submission") == []


def test_the_button_confirms_and_the_second_time_is_told_so(client, services):
    first = client.post("/c/abc", headers={"User-Agent": "Safari"})
    services.answers["contacts.confirm_submission"] = {**FOUND, "state": "confirmed", "already": True}
    second = client.post("/c/abc")

    assert (first.status_code, second.status_code) == (200, 200)
    assert "Zapis potwierdzony" in first.text and "już potwierdzony" in second.text
    assert asked(services, "contacts.confirm_submission")[0] == {"token": "abc", "user_agent": "Safari"}


def test_the_button_leads_where_the_form_says(client, services):
    there = "https://sklep.example/dziekujemy"
    services.answers["contacts.get_confirmation"] = {**FOUND, "confirmed_url": there}
    services.answers["contacts.confirm_submission"] = {**FOUND, "state": "confirmed", "confirmed_url": there}

    assert "form-action 'self' https://sklep.example;" in client.get("/c/abc").headers["Content-Security-Policy"]
    answer = client.post("/c/abc")
    assert (answer.status_code, answer.headers["Location"]) == (303, there)


def test_a_link_that_came_too_late_leads_back_to_the_form(client, services):
    services.answers["contacts.confirm_submission"] = {**FOUND, "state": "expired", "language": "en"}

    answer = client.post("/c/abc")

    assert answer.status_code == 410
    assert "This link has expired" in answer.text and f'href="/f/{FORM}"' in answer.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("confirmation.not_found"), 404),
        (PlanLimit("plan.contact_limit"), 503),
        (Unavailable("service.unavailable"), 503),
    ],
)
def test_a_link_that_cannot_be_followed_now_says_so(client, services, error, status):
    services.answers["contacts.confirm_submission"] = error

    answer = client.post("/c/abc")

    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_a_token_of_any_length_is_a_page(client, services):
    assert client.get("/c/" + "x" * 5_000).status_code == 404
    assert asked(services, "contacts.get_confirmation") == []


TEXT = st.text(max_size=40)
TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "h1",
    "p",
    "form",
    "label",
    "small",
    "input",
    "span",
    "div",
    "button",
}


class Tags(HTMLParser):
    """What a browser would see of a page: its tags, and the values of its inputs."""

    def __init__(self, page):
        super().__init__()
        self.names, self.values, self.others = set(), {}, set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.names.add(tag)
        self.others |= {name for name in values if name.startswith("on") or name in ("src", "href", "formaction")}
        if tag == "input" and "id" in values:
            self.values[values["name"]] = values["value"]


@given(title=TEXT, words=TEXT, label=TEXT, typed=TEXT)
def test_no_text_breaks_out_of_the_page(title, words, label, typed):
    field = {"key": "first_name", "type": "text", "required": True, "labels": {"pl": label}}
    described = {**DESCRIBED, "title": title, "consent_texts": {"pl": words}, "fields": [field]}
    with Flask("test").test_request_context():
        page = pages.form(described, "pl", typed={"first_name": typed}, wrong={"first_name": "x"}).get_data(
            as_text=True
        )

    seen = Tags(page)
    assert seen.names <= TAGS and not seen.others
    assert seen.values == {"first_name": typed}


@given(
    pairs=st.dictionaries(TEXT | st.sampled_from(["email", "vip", "_consent", "_consent_version", "_language"]), TEXT)
)
def test_whatever_is_typed_fits_the_schema_or_is_named(pairs):
    sent = html_forms.answers_of(pairs, DESCRIBED)

    try:
        FormAnswers().load(sent)
    except ValidationError as error:
        assert set(error.messages) == {"consent_version"}
    assert set(sent["fields"]) <= {"email", "first_name", "vip"}
