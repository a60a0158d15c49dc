"""Texts in the language that is asked for; codes, and what programs read, in none."""

from copy import deepcopy

import pytest
from things import ID, problem_of

from api_gateway.routes import all_routes
from contracts.errors import Invalid, PlanLimit


def polish(headers, accepted="pl"):
    return {**headers, "Accept-Language": accepted}


def test_a_problem_and_its_fields_in_polish(client, services, writer):
    services.answers["things.create"] = Invalid.of_field(
        "name", "password.too_short", "At least 12 characters.", min=12
    )

    answer = client.post("/v1/things", json={"name": "a"}, headers=polish(writer))

    told = problem_of(answer, 422, "request.invalid")
    assert (told["title"], told["detail"]) == ("Dane nie do przyjęcia", "Niektóre pola są nieprawidłowe.")
    assert told["errors"] == [
        {
            "field": "name",
            "code": "password.too_short",
            "detail": "Hasło musi mieć co najmniej 12 znaków.",
            "parameters": {"min": 12},
        }
    ]
    assert (answer.headers["Content-Language"], "Accept-Language" in answer.vary) == ("pl", True)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("pl", "pl"),
        ("pl-PL,pl;q=0.9,en;q=0.8", "pl"),
        ("de, pl;q=0.5", "pl"),
        ("en, pl;q=0.5", "en"),
        ("de", "en"),
        ("*", "en"),
        ("", "en"),
        ("pl;q=x, \x00", "en"),
        ("pl;q=0", "en"),
        ("," * 2000, "en"),
    ],
)
def test_the_language_that_is_preferred(client, writer, accepted, language):
    answer = client.post("/v1/things", json={}, headers=polish(writer, accepted.replace("\x00", "")))

    said = problem_of(answer, 422, "request.invalid")["errors"][0]["detail"]
    assert said == {"pl": "To pole jest wymagane.", "en": "Missing data for required field."}[language]
    assert answer.headers["Content-Language"] == language


def test_what_has_no_polish_text_stays_english_and_says_so(client, services, writer):
    services.answers["things.get"] = PlanLimit("thing.unheard_of", "Nobody has heard of it.")

    answer = client.get(f"/v1/things/{ID}", headers=polish(writer))

    told = problem_of(answer, 402, "thing.unheard_of")
    assert (told["title"], told["detail"]) == ("Wymagana zmiana planu", "Nobody has heard of it.")
    assert answer.headers["Content-Language"] == "en, pl"


def test_a_text_whose_fact_is_missing_is_not_half_told(client, services, writer):
    services.answers["things.get"] = PlanLimit("plan.feature_missing", "The plan has no rcs.", {"plan": "free"})

    assert client.get(f"/v1/things/{ID}", headers=polish(writer)).json["detail"] == "The plan has no rcs."


def test_an_audience_too_small_for_a_test_is_told_with_both_figures(client, services, writer):
    facts = {"audience": 3, "least": 500}
    wrong = {"field": "name", "code": "ab_test.audience_too_small", "detail": "It takes 500.", "parameters": facts}
    services.answers["things.get"] = Invalid(wrong["code"], wrong["detail"], facts, [wrong])

    told = problem_of(client.get(f"/v1/things/{ID}", headers=polish(writer)), 422, wrong["code"])

    assert told["detail"] == "Na ten test odbiorców jest zbyt mało: jest ich 3, a potrzeba co najmniej 500."
    assert told["errors"][0]["detail"] == told["detail"]


def test_facts_are_told_and_not_looked_into(client, services, writer):
    services.answers["things.get"] = PlanLimit("plan.feature_missing", "No.", {"feature": "{plan.__class__}"})

    assert (
        client.get(f"/v1/things/{ID}", headers=polish(writer)).json["detail"] == "Plan nie obejmuje: {plan.__class__}."
    )


def test_what_the_http_layer_refuses_is_in_polish_too(client):
    told = problem_of(client.get("/v1/nowhere", headers={"Accept-Language": "pl"}), 404, "route.not_found")

    assert (told["title"], told["detail"]) == ("Nie znaleziono", "Nie ma takiego adresu.")


def test_permissions_and_rules_have_polish_names(make_client, services, log_in):
    headers = log_in(permissions=["contacts"])
    operators = [{"op": "opened", "value": "engagement"}, {"op": "eq", "value": "text"}]
    custom = {"name": "vip", "label": "VIP", "is_custom": True, "type": "boolean", "operators": []}
    city = {"name": "city", "label": "city", "is_custom": False, "type": "text", "operators": operators}
    services.answers["contacts.describe_rules"] = lambda *_: {"fields": [dict(city), custom], "limits": {}}
    client = make_client()

    names = client.get("/v1/permissions", headers=polish(headers))
    rules = [client.get("/v1/segments/schema", headers=polish(headers, language)) for language in ("pl", "en")]

    assert names.json["items"][0]["summary"] == "Wszystko o kontaktach"
    assert [each.json["fields"][0]["label"] for each in rules] == ["Miasto", "City"]
    # Of a field of any gender and number: "Zgoda na SMS to tak".
    assert [one["label"] for one in rules[0].json["fields"][0]["operators"]] == ["otworzył(a)", "to"]
    assert rules[0].json["fields"][1]["label"] == "VIP"
    assert [each.headers["Content-Language"] for each in (names, *rules)] == ["pl", "pl", "en"]


def test_what_is_wrong_with_a_content_is_said_in_polish(make_client, services, log_in):
    details = {
        "email.unsubscribe_link_missing": "The html needs a link.",
        "template.mjml_invalid": "mjml, line 4: <mj-x> is unknown.",
        "template.invalid": "html, line 2: unexpected end.",
    }
    problems = [{"field": "html", "code": code, "detail": detail, "hits": []} for code, detail in details.items()]
    services.answers["campaigns.preview_content"] = lambda *_: {
        "channel": "email", "variables": [], "previews": [], "problems": [dict(one) for one in problems],
    }  # fmt: skip
    body = {"channel": "email", "content": {"subject": "Hej", "html": "<p>"}, "samples": []}

    headers = polish(log_in(permissions=["email.campaigns.read"]))
    answer = make_client().post("/v1/contents/preview", json=body, headers=headers)

    link, mjml, other = (one["detail"] for one in answer.json["problems"])
    assert '<a href="{{ unsubscribe_url }}">' in link
    assert mjml == "MJML nie da się skompilować. (mjml, line 4: <mj-x> is unknown.)"
    assert other == details["template.invalid"]
    assert answer.headers["Content-Language"] == "en, pl"


WRONG = {"code": "email.invalid", "detail": "Not a valid email."}
IN_POLISH = "To nie jest prawidłowy adres e-mail."


@pytest.mark.parametrize(
    ("path", "rpc", "result", "found"),
    [
        (
            "/v1/contacts/batch",
            "contacts.upsert_contacts",
            {"items": [{"index": 0, "outcome": "rejected", "id": None, **WRONG}]},
            lambda told: told["items"][0],
        ),
        (f"/v1/imports/{ID}", "contacts.get_import", {"id": ID, "error": WRONG}, lambda told: told["error"]),
        (
            "/v1/jobs",
            "contacts.list_jobs",
            {"items": [{"error": None}, {"error": WRONG}]},
            lambda told: told["items"][1]["error"],
        ),
    ],
)  # fmt: skip
def test_what_went_wrong_is_told_in_answers_too(make_client, services, log_in, path, rpc, result, found):
    services.answers[rpc] = lambda *_: deepcopy(result)
    asked, client = log_in(permissions=["contacts"]), make_client(all_routes())
    body = {"contacts": [{"email": "x"}]} if path.endswith("batch") else None

    for language, detail in (("pl", IN_POLISH), ("en", WRONG["detail"])):
        answer = client.open(path, method="POST" if body else "GET", json=body, headers=polish(asked, language))
        assert found(answer.json)["detail"] == detail
        assert (answer.headers["Content-Language"], "Accept-Language" in answer.vary) == (language, True)
