"""Object storage: a folder and an S3 of another make do the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from minio import Minio
from moto.server import ThreadedMotoServer

from campaigns.store import objects
from campaigns.store.objects import StorageAway
from chassis.config import ConfigError
from chassis.testing import free_port

KEY = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b21/0"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    Minio(f"{host}:{port}", "anybody", "anybody", secure=False, region="us-east-1").make_bucket("wici-files")
    yield f"http://{host}:{port}/wici-files/campaigns"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "files") if request.param == "folder" else str(request.getfixturevalue("s3"))


def test_octets_are_kept_until_they_are_deleted(where: str) -> None:
    storage, other = (objects.opened(where, "anybody", "anybody") for _ in range(2))
    octets = bytes(range(256)) * 1024
    assert storage.get(KEY) is None
    for _ in range(2):
        storage.put(KEY, octets)
    assert other.get(KEY) == octets
    other.put(KEY, b"")
    assert storage.get(KEY) == b""
    for _ in range(2):
        storage.delete(KEY)
    assert other.get(KEY) is None


@pytest.mark.parametrize("where", ["/proc/nowhere", f"http://127.0.0.1:{free_port()}/bucket"])
def test_storage_that_is_away_says_so(where: str) -> None:
    storage = objects.opened(where, "anybody", "anybody")
    with pytest.raises(StorageAway):
        storage.put(KEY, b"x")


def test_an_address_without_a_bucket_is_refused() -> None:
    with pytest.raises(ConfigError):
        objects.opened("https://s3.example/")
