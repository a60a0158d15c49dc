"""Files in and out: in chunks, bounded, never whole in memory."""

import io
from base64 import b64decode, b64encode
from uuid import uuid4

import pytest
from werkzeug.http import parse_options_header

from api_gateway import downloads, uploads
from api_gateway.routing import Route
from contracts.errors import NotFound


def take(context):
    received = uploads.receive(context)
    return context.answer(
        {"id": received.upload_id, "size": received.size, "name": received.filename, **received.fields}
    )


def give(context):
    return downloads.stream(
        context,
        "contacts.read_file",
        {"file_id": context.payload["id"]},
        filename='liść "1".csv',
        media_type="text/csv",
    )


ROUTES = [
    Route(
        "POST",
        "/v1/imports",
        handler=take,
        permission="contacts.import",
        summary="Import",
        status=202,
        location="/v1/imports/{id}",
        retry_after=1,
        consumes="multipart/form-data",
    ),
    Route(
        "GET", "/v1/files/<uuid:id>", handler=give, permission="contacts.export", summary="File", produces=("text/csv",)
    ),
]


@pytest.fixture
def client(make_client):
    return make_client(ROUTES, max_upload=1_000_000)


@pytest.fixture
def importer(log_in):
    return log_in(permissions=["contacts"])


@pytest.fixture
def chunks(services):
    """The chunks that contacts was given."""
    got = []
    services.answers["contacts.begin_upload"] = {"upload_id": "u1"}
    services.answers["contacts.append_upload"] = lambda _actor, payload: got.append(
        (payload["upload_id"], payload["seq"], b64decode(payload["chunk"]))
    )
    return got


def test_upload_goes_in_numbered_chunks(client, importer, services, chunks):
    content = bytes(range(256)) * 2500  # 640,000 bytes, with every byte there is

    answer = client.post(
        "/v1/imports",
        data={
            "mapping": '{"0": "phone"}',
            "file": (io.BytesIO(content), "/home/anna/lista.csv"),
            "options": '{"region": "PL"}',
        },
        headers=importer,
    )

    assert answer.status_code == 202, answer.text
    assert answer.json == {
        "id": "u1",
        "size": 640_000,
        "name": "lista.csv",
        "mapping": {"0": "phone"},
        "options": {"region": "PL"},
    }
    assert answer.headers["Location"] == "/v1/imports/u1"
    assert services.asked("contacts.begin_upload")[0][1] == {"filename": "lista.csv"}
    assert [(upload, seq, len(chunk)) for upload, seq, chunk in chunks] == [
        ("u1", 0, 262_144),
        ("u1", 1, 262_144),
        ("u1", 2, 115_712),
    ]
    assert b"".join(chunk for _upload, _seq, chunk in chunks) == content


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/csv", 200),
        ("text/csv; charset=utf-8", 200),
        ("text/csv;charset=UTF-8", 200),
        ("text/*;q=0.5, application/pdf", 200),
        ("*/*", 200),
        ("application/pdf", 406),
        ("text/csv;q=0, application/json", 406),
    ],
)
def test_a_file_is_given_to_whoever_takes_its_type(client, importer, services, accept, status):
    services.answers["contacts.read_file"] = lambda _actor, payload: {"chunk": None if payload["seq"] else "YQ=="}

    answer = client.get(f"/v1/files/{uuid4()}", headers={**importer, "Accept": accept})

    assert answer.status_code == status
    if status == 406:
        assert answer.json["code"] == "answer.not_acceptable"
        assert services.asked("contacts.read_file") == []


def test_empty_file_has_no_chunks(client, importer, chunks):
    answer = client.post("/v1/imports", data={"file": (io.BytesIO(b""), "a.csv")}, headers=importer)

    assert answer.json["size"] == 0
    assert chunks == []


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"mapping": "{}"}, 422, "request.invalid"),
        ({"file": (io.BytesIO(b"a"), "a.csv"), "colour": "red"}, 422, "request.invalid"),
        ({"file": (io.BytesIO(b"a"), "a.csv"), "mapping": "{"}, 400, "json.malformed"),
        ({"file": [(io.BytesIO(b"a"), "a.csv"), (io.BytesIO(b"a"), "b.csv")]}, 422, "request.invalid"),
        ({"file": (io.BytesIO(b"a" * 1_200_000), "a.csv")}, 413, "file.too_large"),
        ({"mapping": '"' + "a" * 300_000 + '"', "file": (io.BytesIO(b"a"), "a.csv")}, 413, "request.too_large"),
    ],
)
def test_wrong_forms(client, importer, chunks, form, status, code):
    answer = client.post("/v1/imports", data=form, content_type="multipart/form-data", headers=importer)

    assert (answer.status_code, answer.json["code"]) == (status, code)


CUT_SHORT = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\ncut'


@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"a", "multipart/form-data", 415),
        (b"no boundary here", "multipart/form-data; boundary=x", 400),
        (CUT_SHORT, "multipart/form-data; boundary=x", 400),
        (b"", "multipart/form-data; boundary=x", 422),
        (b"--x\r\nnonsense\r\n\r\n--x--", "multipart/form-data; boundary=x", 400),
    ],
)
def test_broken_multipart(client, importer, chunks, raw, content_type, status):
    answer = client.post("/v1/imports", data=raw, content_type=content_type, headers=importer)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"


FILE = "/v1/files/0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90"


def test_download_is_passed_on_chunk_by_chunk(client, importer, services):
    pieces = [b"a;b\n", b"1;2\n"]
    services.answers["contacts.read_file"] = lambda _actor, payload: {
        "chunk": b64encode(pieces[payload["seq"]]).decode() if payload["seq"] < len(pieces) else None
    }

    answer = client.get(FILE, headers=importer)

    assert answer.data == b"a;b\n1;2\n"
    value, names = parse_options_header(answer.headers["Content-Disposition"])
    assert (value, names["filename"]) == ("attachment", 'liść "1".csv')
    assert 'filename="li__ \\"1\\".csv"; ' in answer.headers["Content-Disposition"]  # for who reads ASCII alone
    assert answer.content_type == "text/csv"


def test_file_that_is_not_there_is_a_proper_404(client, importer, services):
    services.answers["contacts.read_file"] = NotFound("file.not_found", "There is no such file.")

    answer = client.get(FILE, headers=importer)

    assert (answer.status_code, answer.json["code"]) == (404, "file.not_found")
