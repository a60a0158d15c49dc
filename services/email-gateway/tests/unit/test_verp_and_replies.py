"""Return paths and the reading of replies."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_gateway.content import verp
from email_gateway.smtp.replies import MAX_LINE, NotSmtp, Reply, ReplyReader

KEY = b"v" * 32


@settings(max_examples=50)
@given(message_id=st.uuids())
def test_return_path_names_its_message(message_id: UUID) -> None:
    address = verp.encode(message_id, "bounces.example", KEY)

    assert len(address.split("@")[0]) <= 64
    assert verp.decode(address, [b"old", KEY]) == message_id
    assert verp.decode(address.upper(), [KEY]) == message_id
    assert verp.decode(address, [b"other"]) is None


@pytest.mark.parametrize(
    "address", ["", "a@b", "b" * 43, "b" + "a" * 42 + "@x", "ż" * 43 + "@x", "b" + " " * 42 + "@x"]
)
def test_other_addresses_are_no_return_paths(address: str) -> None:
    assert verp.decode(address, [KEY]) is None


def test_multi_line_reply_in_pieces_is_one_reply() -> None:
    reader = ReplyReader()
    stream = b"250-mx.example\r\n250-PIPELINING\n250 SIZE 1000\r\n354 go\r\n"

    replies = [reply for octet in stream for reply in reader.feed(bytes([octet]))]

    assert [reply.code for reply in replies] == [250, 354]
    assert replies[0].lines == ("mx.example", "PIPELINING", "SIZE 1000")


def test_enhanced_code_is_taken_out_of_the_text() -> None:
    (reply,) = ReplyReader().feed(b"550-5.1.1 No such user\r\n550 5.1.1 here\r\n")

    assert reply == Reply(550, "No such user here", "5.1.1", ("5.1.1 No such user", "5.1.1 here"))
    assert reply.status == "5.1.1"


@pytest.mark.parametrize(
    "stream",
    [
        b"HTTP/1.1 400 Bad\r\n",
        b"\r\n",
        b"25 x\r\n",
        b"999 x\r\n",
        b"x" * (MAX_LINE + 1),
        b"250-a\r\n251 b\r\n",
        b"2500 x\r\n",
    ],
)
def test_bytes_that_are_no_reply_are_refused(stream: bytes) -> None:
    with pytest.raises(NotSmtp):
        ReplyReader().feed(stream)


@settings(max_examples=100)
@given(stream=st.binary(max_size=300))
def test_any_bytes_give_replies_or_a_clear_failure(stream: bytes) -> None:
    reader = ReplyReader()
    try:
        reader.feed(stream)
    except NotSmtp:
        pass


@settings(max_examples=100)
@given(
    texts=st.lists(st.text(st.sampled_from("2.1.0 kż-"), max_size=200), min_size=1, max_size=4),
    code=st.integers(200, 599),
    times=st.integers(1, 3),
)
def test_a_reply_that_was_read_before_is_read_alike(texts: list[str], code: int, times: int) -> None:
    """Replies of one line are looked up, those of many are read; what they say is the same."""
    last, rest = texts[-1], texts[:-1]
    said = "".join(f"{code}-{text}\r\n" for text in rest) + f"{code} {last}\r\n"

    read = [ReplyReader().feed(said.encode()) for _ in range(times)]

    assert all(each == read[0] for each in read)
    (reply,) = read[0]
    assert (reply.code, reply.lines) == (code, tuple(texts))
