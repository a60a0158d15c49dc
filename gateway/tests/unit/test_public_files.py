"""Hosted files as strangers read them: whole, a range, unchanged; and nothing that a browser would run."""

from __future__ import annotations

import io
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest

from api_gateway.routes import files
from contracts.campaigns.files import CHUNK_BYTES, MOST_OCTETS
from contracts.errors import Conflict, NotFound, Unavailable

OCTETS = bytes(range(256)) * 2_500  # two pieces and a half
LAST = len(OCTETS) - 1


@pytest.fixture
def found():
    return {
        "file_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b21",
        "account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b22",
        "state": "ready",
        "filename": "Cennik żółty.pdf",
        "media_type": "application/pdf",
        "size": len(OCTETS),
        "etag": "abc",
    }


@pytest.fixture
def client(services, make_client, found):
    def piece(_actor, payload):
        start = payload["seq"] * CHUNK_BYTES
        return {"chunk": b64encode(OCTETS[start : start + CHUNK_BYTES]).decode()}

    services.answers |= {"campaigns.open_public_file": lambda *_: found, "campaigns.read_public_file": piece}
    return make_client(files.ROUTES)


def counted(services):
    """Of the answers, whether each was counted; nothing is before its first piece is there."""
    assert not any(payload.get("is_counted") for _, payload in services.asked("campaigns.open_public_file"))
    return [payload["is_counted"] for _, payload in services.asked("campaigns.read_public_file")]


def test_a_file_is_saved_and_runs_nothing(client, services):
    answer = client.get("/d/abc")
    assert (answer.status_code, answer.get_data()) == (200, OCTETS)
    headers = answer.headers
    assert headers["Content-Type"] == "application/pdf" and headers["Content-Length"] == str(len(OCTETS))
    assert headers["Content-Disposition"].startswith("attachment; ") and "%C5%BC" in headers["Content-Disposition"]
    assert headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in headers["Content-Security-Policy"]
    assert (headers["ETag"], headers["Accept-Ranges"]) == ('"abc"', "bytes")
    assert client.head("/d/abc").headers["Content-Length"] == str(len(OCTETS))
    assert counted(services) == [True, False, False]  # three pieces; none for HEAD


@pytest.mark.parametrize(
    ("media_type", "shown", "said"),
    [
        ("image/png", True, "image/png"),
        ("text/html", False, "application/octet-stream"),
        ("image/svg+xml", False, "application/octet-stream"),
        ("text/javascript", False, "application/octet-stream"),
        ("application/vnd.ms-excel", False, "application/vnd.ms-excel"),
    ],
)
def test_pictures_alone_are_shown(client, found, media_type, shown, said):
    found |= {"media_type": media_type, "size": 3}
    headers = client.get("/d/abc").headers
    assert (headers["Content-Disposition"].startswith("inline"), headers["Content-Type"]) == (shown, said)


@pytest.mark.parametrize(
    ("wanted", "start", "end", "is_counted"),
    [
        ("bytes=0-0", 0, 0, False),  # a player's look at it
        ("bytes=0-1", 0, 1, False),
        ("bytes=0-99999", 0, 99_999, True),
        ("bytes=-640000", 0, LAST, True),
        ("bytes=-999999", 0, LAST, True),
        ("bytes=0-", 0, LAST, True),
        ("bytes=262143-262144", 262_143, 262_144, False),  # of two pieces
        ("bytes=600000-", 600_000, LAST, False),
        ("bytes=-10", LAST - 9, LAST, False),
        ("bytes=639999-999999", LAST, LAST, False),
    ],
)
def test_a_range_is_answered_with_its_octets(client, services, wanted, start, end, is_counted):
    answer = client.get("/d/abc", headers={"Range": wanted})
    assert (answer.status_code, answer.get_data()) == (206, OCTETS[start : end + 1])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end}/{len(OCTETS)}"
    told = counted(services)
    assert told[0] is is_counted and not any(told[1:])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Range": "bytes=640000-"}, 416),
        ({"Range": "bytes=0-1,5-6"}, 200),  # several at once: the whole
        ({"Range": "lines=1-2"}, 200),
        ({"Range": "bytes=5-1"}, 200),
        ({"Range": "bytes=0-1", "If-Range": '"old"'}, 200),
        ({"Range": "bytes=0-1", "If-Range": '"abc"'}, 206),
        ({"If-None-Match": '"old", W/"abc"'}, 304),
    ],
)
def test_conditions_and_ranges_that_are_none(client, services, headers, status):
    assert client.get("/d/abc", headers=headers).status_code == status
    assert any(counted(services)) is (status == 200)


def test_what_breaks_before_it_begins_is_not_counted(client, services):
    services.answers["campaigns.read_public_file"] = Unavailable("a.b")
    assert client.get("/d/abc").status_code == 503


@pytest.mark.parametrize(
    ("media_type", "ends_in", "kept"),
    [
        ("image/png", None, range(300, 301)),
        ("image/png", timedelta(days=1), range(300, 301)),
        ("image/png", timedelta(seconds=60), range(61)),
        ("image/png", timedelta(seconds=-1), range(1)),
        ("application/pdf", None, None),
        ("text/html", timedelta(seconds=60), None),
    ],
)
def test_pictures_are_kept_a_little_while_and_all_else_is_asked_for_again(client, found, media_type, ends_in, kept):
    ends = None if ends_in is None else (datetime.now(UTC) + ends_in).isoformat()
    found |= {"media_type": media_type, "size": 3, "expires_at": ends}
    said = [client.get("/d/abc", headers=one).headers["Cache-Control"] for one in ({}, {"If-None-Match": '"abc"'})]
    if kept is None:
        assert said == ["private, no-cache"] * 2
    else:
        assert all(one.startswith("public, max-age=") and int(one.rpartition("=")[2]) in kept for one in said)


@pytest.mark.parametrize(
    ("state", "status"), [("ended", 410), ("suspended", 410), (NotFound("a.b"), 404), (Unavailable("a.b"), 503)]
)
def test_what_is_not_there_is_a_page(client, services, found, state, status):
    services.answers["campaigns.open_public_file"] = (
        state if isinstance(state, Exception) else {**found, "state": state}
    )
    answer = client.get("/d/abc")
    assert answer.status_code == status and answer.headers["Content-Type"].startswith("text/html")


def test_an_upload_is_made_a_file(client, services, log_in):
    services.answers |= {
        "campaigns.begin_upload": {"upload_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b21"},
        "campaigns.append_upload": None,
        "campaigns.create_file": lambda _actor, payload: {"id": payload["upload_id"]},
    }
    headers = log_in("pliki", kind="session", permissions=("email.campaigns.write",))
    form = {"file": (io.BytesIO(OCTETS[:300_000]), "a.pdf"), "expires_at": "2027-01-01T00:00:00Z"}
    answer = client.post("/v1/files", data=form, headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v1/files/{answer.json['id']}")
    assert len(services.asked("campaigns.append_upload")) == 2
    form = {"file": (io.BytesIO(OCTETS[:300_000]), "a.pdf"), "expires_at": "soon"}
    assert client.post("/v1/files", data=form, headers=headers).status_code == 422
    # What is refused before the file, or by what the request says of its length, is no upload.
    begun = len(services.asked("campaigns.begin_upload"))
    form = {"expires_at": "soon", "file": (io.BytesIO(b"x"), "a.pdf")}
    assert client.post("/v1/files", data=form, headers=headers).status_code == 422
    form = {"file": (io.BytesIO(bytes(MOST_OCTETS + 2 * 1024 * 1024)), "a.pdf")}
    assert client.post("/v1/files", data=form, headers=headers).status_code == 413
    assert len(services.asked("campaigns.begin_upload")) == begun
    services.answers["campaigns.begin_upload"] = Conflict("file.no_room")
    assert client.post("/v1/files", data={"file": (io.BytesIO(b"x"), "a")}, headers=headers).status_code == 409
