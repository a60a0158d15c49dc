"""A body costs no more memory than its limit, whatever is in it and however it comes."""

import gzip
import itertools

import psutil
import pytest
from raw import Raw, chunk, head, read_answer, status_of

MEGABYTE = 1024 * 1024


@pytest.fixture
def raw(environ):
    return Raw(environ)


@pytest.fixture(scope="module")
def workers(system):
    return psutil.Process(system.pids()["api_gateway"]).children(recursive=True)


@pytest.fixture
def gateway_megabytes(workers):
    """`gateway_megabytes()`: what the largest of the gateway's workers holds."""
    return lambda: max(worker.memory_info().rss for worker in workers) / MEGABYTE


def upload_head(journey, path="/v1/imports", boundary="b"):
    return head(
        "POST",
        path,
        Authorization=f"Bearer {journey.api.token}",
        Content_Type=f"multipart/form-data; boundary={boundary}",
        Transfer_Encoding="chunked",
    )


def pour(raw, start, pieces, megabytes=24):
    """Send chunks until the gateway says something or `megabytes` went out; (status, bytes sent)."""
    sent = 0
    with raw.send(start) as sock:
        try:
            for piece in itertools.islice(pieces, megabytes * MEGABYTE // (64 * 1024)):
                sock.sendall(chunk(piece))
                sent += len(piece)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
        return status_of(read_answer(sock)), sent


ENDLESS = {
    "no boundary ever": itertools.repeat(b"x" * 64 * 1024),
    "a part's header without an end": itertools.chain(
        [b'--b\r\nContent-Disposition: form-data; name="file"; x="'], itertools.repeat(b"y" * 64 * 1024)
    ),
    "an epilogue without an end": itertools.chain([b"--b--\r\n"], itertools.repeat(b"z" * 64 * 1024)),
    "a field without an end": itertools.chain(
        [b'--b\r\nContent-Disposition: form-data; name="mapping"\r\n\r\n'], itertools.repeat(b"1" * 64 * 1024)
    ),
    "parts without an end": itertools.repeat(
        b'--b\r\nContent-Disposition: form-data; name="mapping"\r\n\r\n{}\r\n' * 900
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_is_around_a_file_is_bounded(name, raw, journey, gateway_megabytes):
    before = gateway_megabytes()

    status, sent = pour(raw, upload_head(journey), ENDLESS[name])

    assert status in (400, 413, 422) or status == 0
    assert sent < 24 * MEGABYTE  # it was told to stop
    assert gateway_megabytes() - before < 12


def test_a_head_is_bounded(raw):
    endless = b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X-Long: " + b"a" * 200_000

    with raw.send(endless) as sock:
        assert status_of(read_answer(sock)) == 431


def test_strangers_say_how_long_their_body_is_and_it_is_short(raw):
    fields = {"Content_Type": "application/json"}
    with raw.send(head("POST", "/v1/sessions", Transfer_Encoding="chunked", **fields) + chunk(b"{")) as sock:
        unknown = read_answer(sock)
    with raw.send(head("POST", "/v1/sessions", Content_Length=200_000, **fields) + b"{") as sock:
        long = read_answer(sock)

    assert (status_of(unknown), b"request.length_required" in unknown) == (411, True)
    assert (status_of(long), b"request.too_large" in long) == (413, True)


def post_json(raw, journey, body, **fields):
    start = head(
        "POST",
        "/v1/contacts",
        Authorization=f"Bearer {journey.api.token}",
        Content_Type="application/json",
        Content_Length=len(body),
        Connection="close",
        **fields,
    )
    return raw.ask(start + body)


def test_a_gzip_bomb_is_let_go_at_the_limit(raw, journey, gateway_megabytes):
    before = gateway_megabytes()

    status, _answer, _seconds = post_json(raw, journey, gzip.compress(b" " * 64 * MEGABYTE), Content_Encoding="gzip")
    many, _answer, seconds = post_json(raw, journey, gzip.compress(b"") * 50_000, Content_Encoding="gzip")

    assert (status, many) == (413, 400)
    assert seconds < 5
    assert gateway_megabytes() - before < 64


def test_a_json_body_is_not_blown_up_into_objects(raw, journey, gateway_megabytes):
    before = gateway_megabytes()

    status, answer, _seconds = post_json(raw, journey, b'{"a":[' + b",".join([b"{}"] * 1_000_000) + b"]}")

    assert (status, b"json.too_many_values" in answer) == (400, True)
    assert gateway_megabytes() - before < 96
