"""An import of what a preview has uploaded: no second upload."""

import pytest

from api_gateway.routes import imports

UPLOAD = "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e94"


@pytest.fixture
def client(make_client):
    return make_client(imports.ROUTES)


def test_json_names_the_upload_of_a_preview(client, log_in, services):
    asked = []
    services.answers["contacts.create_import"] = lambda _actor, payload: asked.append(payload) or imports._IMPORT
    importer = log_in(permissions=["contacts"])

    def post(**options):
        return client.post("/v1/imports", json={"upload_id": UPLOAD, "options": options}, headers=importer)

    answer, wrong = post(header_row=3), post(header_row=0)

    assert (answer.status_code, asked) == (202, [{"upload_id": UPLOAD, "options": {"header_row": 3}}])
    assert wrong.status_code == 422 and wrong.json["errors"][0]["field"] == "options.header_row"


def test_a_preview_says_its_reasons_in_the_clients_language(client, log_in, services):
    codes = ["email.invalid", "custom_1.unreadable", "height.invalid", "new.code_of_tomorrow"]
    english = ["The e-mail address is not valid", "custom_1 holds …", "height is not valid", "Of tomorrow"]
    row = {"number": 3, "outcome": "rejected", "values": {}, "problems": codes, "reasons": english}
    services.answers["contacts.preview_import"] = lambda *_: {"rows": [{**row, "reasons": list(english)}]}
    asked = {**log_in(permissions=["contacts"]), "Accept-Language": "pl"}

    answer = client.post("/v1/imports/preview", json={"upload_id": UPLOAD}, headers=asked)

    assert answer.status_code == 200
    assert answer.json["rows"][0]["reasons"] == [
        "Adres e-mail jest nieprawidłowy", "custom_1 ma znak, którego nie da się odczytać",
        "height: wartość jest nieprawidłowa", "Of tomorrow",
    ]  # fmt: skip
    assert answer.headers["Content-Language"] == "en, pl"
