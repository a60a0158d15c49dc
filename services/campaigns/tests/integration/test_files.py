"""Files over the real bus: uploads, what is refused, links, and what a campaign still needs."""

from __future__ import annotations

import hashlib
import io
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.store.objects import Folder
from campaigns.usecases import files
from chassis.database import Database
from contracts.campaigns.files import CHUNK_BYTES
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def upload(owner: Any, filename: str, octets: bytes, **more: Any) -> Any:
    upload_id = owner("begin_upload", filename=filename)["upload_id"]
    for seq, start in enumerate(range(0, len(octets), CHUNK_BYTES)):
        piece = {"upload_id": upload_id, "seq": seq, "chunk": b64encode(octets[start : start + CHUNK_BYTES]).decode()}
        for _ in range(2):  # the same piece again is the same
            owner("append_upload", **piece)
    return owner("create_file", upload_id=upload_id, **more)


def token_of(file: Any) -> str:
    assert file["url"].startswith("https://wici.example/d/")
    return str(file["url"].rpartition("/")[2])


def read(anybody: Any, file: Any) -> bytes:
    pieces = []
    while chunk := anybody("read_public_file", token=token_of(file), seq=len(pieces))["chunk"]:
        pieces.append(b64decode(chunk))
    return b"".join(pieces)


def test_a_file_is_read_as_it_came_and_its_downloads_are_counted(caller: Callable) -> None:
    owner, stranger, octets = caller(), caller(), bytes(range(256)) * 2_500  # two pieces and a half
    file = upload(owner, "Cennik żółty.pdf", b"%PDF-1.7\n" + octets)
    assert (file["filename"], file["media_type"], file["downloads"]) == ("Cennik żółty.pdf", "application/pdf", 0)
    assert file["size"] == len(octets) + 9 and read(stranger, file) == b"%PDF-1.7\n" + octets
    opened = [stranger("open_public_file", token=token_of(file), is_counted=counted) for counted in (True, True, False)]
    assert {one["etag"] for one in opened} == {hashlib.sha256(b"%PDF-1.7\n" + octets).hexdigest()}
    for seq in (0, 9):  # there is no tenth piece
        stranger("read_public_file", token=token_of(file), seq=seq, is_counted=True)
    assert owner("get_file", file_id=file["id"])["downloads"] == 3
    with pytest.raises(NotFound):
        stranger("get_file", file_id=file["id"])
    with pytest.raises(NotFound):
        stranger("open_public_file", token="nothing")


def test_the_same_upload_is_one_file_and_a_gap_is_refused(caller: Callable) -> None:
    owner = caller()
    file = upload(owner, "a.txt", b"abc")
    assert owner("create_file", upload_id=file["id"])["url"] == file["url"]
    begun = owner("begin_upload", filename="b.txt")["upload_id"]
    with pytest.raises(Conflict, match=r"upload\.gap"):
        owner("append_upload", upload_id=begun, seq=1, chunk="YQ==")
    with pytest.raises(NotFound):
        caller()("append_upload", upload_id=begun, seq=0, chunk="YQ==")
    with pytest.raises(TooLarge):
        owner("begin_upload", filename="b.bin", size=21 * 1024 * 1024)
    with pytest.raises(Forbidden):
        caller(permissions=["sms"])("begin_upload", filename="b.txt")


def with_macros() -> bytes:
    document = io.BytesIO()
    with zipfile.ZipFile(document, "w") as archive:
        archive.writestr("xl/workbook.xml", "x" * 300_000, zipfile.ZIP_STORED)
        archive.writestr("xl/vbaProject.bin", "x")
    return document.getvalue()


@pytest.mark.parametrize(
    ("filename", "octets", "code"),
    [
        ("nic.pdf", b"", "file.empty"),
        ("setup.EXE", b"x", "file.program"),
        ("cennik.exe.pdf", b"x", "file.program"),
        ("cennik.pdf", b"MZ\x90", "file.program"),
        ("cennik.xlsm", b"PK\x03\x04", "file.macros"),
        ("cennik.xlsx", with_macros(), "file.macros"),
        ("cennik.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "_VBA_PROJECT".encode("utf-16-le"), "file.macros"),
    ],
)
def test_what_is_not_hosted(caller: Callable, database: Database, filename: str, octets: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        upload(caller(), filename, octets)
    assert [error["code"] for error in refused.value.errors] == [code]
    assert rows(database) == 0


def rows(database: Database) -> int:
    with database.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM files")) or 0)


def test_what_is_refused_or_broken_off_takes_no_room(caller: Callable, database: Database) -> None:
    owner = caller()
    with pytest.raises(Invalid):
        upload(owner, "a.txt", b"abc", expires_at="2020-01-01T00:00:00+00:00")
    begun = owner("begin_upload", filename="b.bin")["upload_id"]
    with pytest.raises(TooLarge):
        owner("append_upload", upload_id=begun, seq=0, chunk=b64encode(bytes(CHUNK_BYTES + 1)).decode())
    assert rows(database) == 0
    # One that broke off counts for as long as it might go on.
    owner("begin_upload", filename="b.bin")
    with database.transaction() as session:
        session.execute(text("UPDATE files SET size = 1073741824"))
    with pytest.raises(Conflict, match=r"file\.no_room"):
        owner("begin_upload", filename="c.txt")
    with database.transaction() as session:
        session.execute(text("UPDATE files SET created_at = created_at - interval '31 minutes'"))
    assert upload(owner, "c.txt", b"abc")["size"] == 3


def test_its_bytes_say_what_a_file_is(caller: Callable) -> None:
    owner = caller()
    kinds = {"a.png": PNG, "b.png": b"<html>", "c.html": PNG, "d.xlsx": b"PK\x03\x04x", "e.csv": b"a;b"}
    found = {name: upload(owner, name, octets)["media_type"] for name, octets in kinds.items()}
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert found == {
        "a.png": "image/png", "b.png": "application/octet-stream", "c.html": "image/png", "d.xlsx": sheet,
        "e.csv": "text/csv",
    }  # fmt: skip


def test_lists_are_searched_sorted_and_counted(caller: Callable) -> None:
    owner = caller()
    names = ["Zima.pdf", "Łąka.png", "łąka zimą.txt"]
    for name in names:
        upload(owner, name, b"x")
    owner("begin_upload", filename="w drodze.txt")  # not a file yet

    def listed(**query: Any) -> list[str]:
        return [one["filename"] for one in owner("list_files", **query)["items"]]

    assert listed() == names[::-1] and listed(sort="created") == names
    assert listed(q="laka") == [names[2], names[1]] and listed(q="laka zim") == [names[2]]
    page = owner("list_files", limit=2)
    assert page["total"] == 3 and [one["filename"] for one in page["items"]] == names[:0:-1]
    assert listed(cursor=page["next_cursor"]) == names[:1]
    assert caller()("list_files")["items"] == []


def test_it_ends_when_it_is_told_to(caller: Callable, database: Database) -> None:
    owner = caller()
    file = upload(owner, "a.txt", b"abc", expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    for end in ("2020-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00"):
        with pytest.raises(Invalid):
            owner("update_file", file_id=file["id"], expires_at=end)
    with database.transaction() as session:
        session.execute(text("UPDATE files SET expires_at = now()"))
    assert owner("open_public_file", token=token_of(file), is_counted=True)["state"] == "ended"
    with pytest.raises(NotFound):
        read(owner, file)
    changed = owner("update_file", file_id=file["id"], expires_at=None, filename="b.txt")
    assert (changed["filename"], changed["expires_at"], changed["downloads"]) == ("b.txt", None, 0)
    assert read(owner, file) == b"abc"


def test_a_file_that_a_campaign_needs_stays(caller: Callable) -> None:
    owner = caller()
    linked = upload(owner, "a.txt", b"abc")
    campaign = owner.draft(content={"text": f"Cennik: {linked['url']}"}, name="Lato")
    with pytest.raises(Conflict, match=r"file\.in_use") as refused:
        owner("delete_file", file_id=linked["id"])
    assert refused.value.extra == {"campaigns": ["Lato"]}
    owner("update_campaign", campaign_id=campaign["id"], content={"text": "Cennik"})
    owner("delete_file", file_id=linked["id"])
    with pytest.raises(NotFound):
        owner("open_public_file", token=token_of(linked))


def test_what_is_gone_leaves_no_octets(caller: Callable, database: Database, tmp_path: Path) -> None:
    owner, storage, now = caller(), Folder(tmp_path), datetime.now(UTC)
    ids = [upload(owner, f"{number}.txt", b"abc")["id"] for number in range(3)]
    ids.append(owner("begin_upload", filename="nothing.txt")["upload_id"])
    for file_id in ids:
        storage.put(f"{file_id}/0", b"abc")
    owner("delete_file", file_id=ids[0])
    with database.transaction() as session:
        ended = "UPDATE files SET expires_at = now() - interval '40 days' WHERE id = :id"
        session.execute(text(ended), {"id": ids[1]})
        session.execute(text("UPDATE files SET created_at = now() - interval '2 days' WHERE token IS NULL"))
    assert files.let_go(database, storage, now) == 3 and files.let_go(database, storage, now) == 0
    assert [file_id for file_id in ids if storage.get(f"{file_id}/0")] == [ids[2]]
    assert [one["id"] for one in owner("list_files")["items"]] == [ids[2]]
