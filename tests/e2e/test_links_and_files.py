"""A hosted file and a named link, from the API to a stranger and back to their counts."""

import secrets
import urllib.error
import urllib.request

import pytest
from api import Refused
from journey import Journey

from chassis.testing import wait_until


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def get(environ, path, **headers):
    """What a stranger gets: (status, headers, octets)."""
    request = urllib.request.Request(environ["WICI_PUBLIC_URL"] + path, headers=headers)
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


@pytest.fixture(scope="module")
def owner(environ):
    made = Journey(environ)
    made.register()
    return made.api


def test_a_file_is_downloaded_by_whoever_has_its_link(environ, owner, tmp_path):
    octets = b"%PDF-1.7\n" + bytes(range(256)) * 1_500  # more than a piece
    path = tmp_path / "cennik.pdf"
    path.write_bytes(octets)
    file = owner.upload("/v1/files", path)
    link = file["url"].removeprefix(environ["WICI_PUBLIC_URL"])

    status, headers, found = get(environ, link)
    assert (status, found) == (200, octets) and headers["Content-Disposition"].startswith("attachment")
    assert get(environ, link, Range="bytes=262140-262150")[::2] == (206, octets[262140:262151])
    assert owner.get(f"/v1/files/{file['id']}")["downloads"] == 1
    owner.delete(f"/v1/files/{file['id']}")
    assert get(environ, link)[0] == 404
    path.with_name("program.exe").write_bytes(b"MZ")
    with pytest.raises(Refused) as refused:
        owner.upload("/v1/files", path.with_name("program.exe"))
    assert (refused.value.status, refused.value.problem["errors"][0]["code"]) == (422, "file.program")


def test_a_named_link_is_followed_and_counted(environ, owner):
    suffix = f"plakat-{secrets.token_hex(6)}"
    link = owner.post("/v1/links", {"suffix": suffix, "target": "https://sklep.example/wiosna"})

    def followed():
        status, headers, _ = get(environ, f"/l/{suffix}")
        return status == 302 and headers["Location"]

    assert wait_until(followed, what="the gateway to be told", timeout=30) == "https://sklep.example/wiosna"
    counted = wait_until(lambda: owner.get(f"/v1/links/{link['id']}")["clicks"], what="the click", timeout=30)
    clicks = owner.get(f"/v1/links/{link['id']}/clicks")["items"]
    assert counted == len(clicks) and set(clicks[0]) == {"at", "is_machine"}
    owner.delete(f"/v1/links/{link['id']}")
    wait_until(lambda: get(environ, f"/l/{suffix}")[0] == 410, what="the gateway to be told", timeout=30)
