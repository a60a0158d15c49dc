"""Links of drafts that answer, and those that do not: raw sockets on the other side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from campaigns import link_checks
from campaigns.link_checks import Checked, Looker, addresses_in, check_apart
from chassis.public_addresses import networks

LOCAL = networks(["127.0.0.0/8"])
OK, GONE = b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 404 Not Found\r\n\r\n"
Talk = Callable[[str], bytes | None]  # the request's head to the answer; None: it never comes


def looked_at(talk: Talk, *paths: str, allowed: Any = LOCAL, **given: Any) -> list[tuple[str, int | None, str | None]]:
    """What comes of links to a server that talks so; `{port}` in a path is its port."""

    async def run() -> list[Checked]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            answer = talk((await reader.readuntil(b"\r\n\r\n")).decode())
            if answer is None:
                await reader.read()
            else:
                writer.write(answer.replace(b"{port}", str(port).encode()))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        urls = [path.format(port=port) if "//" in path else f"http://127.0.0.1:{port}{path}" for path in paths]
        found = await Looker(allowed, **given).all_of(urls)
        server.close()
        assert [one.target for one in found] == urls
        return found

    return [(one.state, one.status, one.reason) for one in asyncio.run(run())]


def test_a_link_answers_is_missing_or_refuses_machines() -> None:
    def talk(head: str) -> bytes:
        return OK if " /there" in head else GONE if " /gone" in head else b"HTTP/1.1 403 Forbidden\r\n\r\n"

    assert looked_at(talk, "/there", "/gone", "/else") == [
        ("answers", 200, None), ("missing", 404, None), ("unclear", 403, None),
    ]  # fmt: skip


def test_who_does_not_know_head_is_asked_by_get_and_paths_are_those_of_a_browser() -> None:
    heard: list[str] = []

    def talk(head: str) -> bytes:
        heard.append(head.partition(" HTTP")[0])
        return OK if head.startswith("GET") else b"HTTP/1.1 405 No\r\n\r\n"

    assert looked_at(talk, "/zażółć%20x?q=ó&a[]=1#part") == [("answers", 200, None)]
    path = "/za%C5%BC%C3%B3%C5%82%C4%87%20x?q=%C3%B3&a[]=1"
    assert heard == [f"HEAD {path}", f"GET {path}"]


def test_redirects_are_followed_a_few_times_and_each_place_is_judged() -> None:
    def talk(head: str) -> bytes:
        for begins, leads in (
            (" /a", "/there"), (" /inside", "http://10.0.0.1/"), (" /round", "/round"), (" /file", "file:///etc/passwd"),
        ):  # fmt: skip
            if begins in head:
                return f"HTTP/1.1 302 Found\r\nLocation: {leads}\r\n\r\n".encode()
        return OK

    assert looked_at(talk, "/a", "/inside", "/round", "/file") == [
        ("answers", 200, None), ("unreachable", None, "address_not_public"),
        ("unreachable", None, "too_many_redirects"), ("unreachable", None, "url_invalid"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:{port}/",
        "http://10.0.0.1/",
        "https://[::1]/",
        "http://169.254.169.254/latest",
        "http://[::ffff:127.0.0.1]/",
    ],
)
def test_nothing_inside_is_asked(link: str) -> None:
    heard: list[str] = []
    talk = lambda head: heard.append(head) or OK  # type: ignore[func-returns-value]  # noqa: E731
    assert looked_at(talk, link, allowed=()) == [("unreachable", None, "address_not_public")]
    assert heard == []


def test_a_name_that_leads_inside_is_not_followed_and_one_that_leads_nowhere_is_said_to() -> None:
    async def resolve(host: str) -> list[str]:
        if host == "xn--w-uga1v8h.example":
            return ["192.168.1.1", "127.0.0.1"]
        if host == "public.example":
            return ["203.0.114.7"]
        raise OSError

    links = (
        "http://żółw.example/",
        "http://nobody.example/",
        "http://public.example:6379/",
        "http://a:b@public.example/",
    )
    reasons = "address_not_public", "name_not_found", "port_not_of_the_web", "url_invalid"
    assert looked_at(lambda _: OK, *links, allowed=(), resolve=resolve) == [
        ("unreachable", None, reason) for reason in reasons
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "connection_lost"),
        (b"HTTP/1.1 200 OK\r\n", "connection_lost"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "answer_unreadable"),
        (b"HTTP/1.1 100 C\r\n\r\n" * 9, "answer_unreadable"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99_999, "answer_unreadable"),
        (None, "timed_out"),
    ],
)  # fmt: skip
def test_servers_that_are_ill(monkeypatch: pytest.MonkeyPatch, answer: bytes | None, reason: str) -> None:
    monkeypatch.setattr(link_checks, "LINK_SECONDS", 0.5 if answer is None else 60.0)
    monkeypatch.setattr(link_checks, "SECONDS", 120.0)
    assert looked_at(lambda _: answer, "/") == [("unreachable", None, reason)]


def test_all_of_them_have_one_time_and_nobody_is_asked_about_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_checks, "SECONDS", 0.5)
    found = looked_at(
        lambda _: None, *["/slow"] * 6, "https://wici.example/l/lato", own_hosts=frozenset({"wici.example"})
    )
    assert found == [("unchecked", None, "timed_out")] * 6 + [("unchecked", None, "ours")]


def test_addresses_are_found_in_any_texts() -> None:
    content = {
        "text": "Zobacz https://a.example/x?y=1, albo (http://b.example). https://c.example/{{ city }}",
        "buttons": [{"url": "https://d.example/"}, {"url": "https://a.example/x?y=1"}], "flash": True,
    }  # fmt: skip
    assert addresses_in(content) == ["https://a.example/x?y=1", "http://b.example", "https://d.example/"]


def test_they_are_looked_at_in_a_process_of_its_own_and_no_more_than_thirty() -> None:
    targets = [f"http://127.0.0.1/{number}" for number in range(32)]
    found = check_apart(targets, owner=uuid4(), own_hosts=frozenset(), allowed=())
    assert [one.target for one in found] == targets
    assert {one.reason for one in found[:30]} <= {"address_not_public", "busy"}  # a machine may be slow to start it
    assert [one.reason for one in found[30:]] == ["too_many"] * 2
