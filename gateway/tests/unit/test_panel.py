"""The panel's files as the gateway serves them: under their own paths, with their own rules, and nothing else."""

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask

from api_gateway import panel

NGINX = Path(__file__).parents[3] / "panel/nginx.conf"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "dist/assets").mkdir(parents=True)
    (tmp_path / "dist/index.html").write_text("<!doctype html><title>Wici</title>")
    (tmp_path / "dist/assets/index-abc123.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("no")
    return tmp_path / "dist"


@pytest.fixture
def client(folder):
    app = Flask("panel")
    panel.install(app, str(folder))
    return app.test_client()


def test_every_page_is_the_one_document_with_its_policy(client):
    for address in ("/app", "/app/", "/app/contacts", "/app/campaigns/new?channel=sms"):
        answer = client.get(address)

        assert answer.status_code == 200
        assert answer.content_type == "text/html; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]


def test_the_start_leads_to_the_pages(client):
    answer = client.get("/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/app")


def test_a_built_file_is_kept_for_ever_and_known_again(client):
    answer = client.get("/assets/index-abc123.js")

    assert answer.content_type == "text/javascript; charset=utf-8"  # RFC 9239
    assert "immutable" in answer.headers["Cache-Control"]
    assert client.get("/assets/index-abc123.js", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_file_comes_packed_to_whoever_takes_that_and_is_the_same(client):
    packed = client.get("/assets/index-abc123.js", headers={"Accept-Encoding": "gzip, br"})
    plain = client.get("/assets/index-abc123.js", headers={"Accept-Encoding": "identity"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data == b"export {}"
    assert packed.vary.to_header() == plain.vary.to_header() == "Accept-Encoding"


@pytest.mark.parametrize("name", ["..%2f..%2fsecret.txt", "../../secret.txt", "none.js", ".", "..", "%00.js"])
def test_nothing_but_built_files_is_served(client, name):
    assert client.get(f"/assets/{name}").status_code == 404


def test_without_a_folder_or_before_it_is_built_nothing_is_there(tmp_path):
    for folder in ("", str(tmp_path / "none")):
        app = Flask("panel")
        panel.install(app, folder)
        client = app.test_client()

        assert {client.get(address).status_code for address in ("/", "/app", "/assets/a.js", "/favicon.svg")} == {404}


def test_the_web_server_of_a_deployment_says_the_same_policy():
    said = re.search(r'Content-Security-Policy "([^"]+)"', NGINX.read_text())[1]

    assert said == panel.POLICY
