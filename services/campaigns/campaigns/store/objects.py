"""Object storage behind one small port: a folder, or a bucket of anything that speaks S3."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from chassis.config import ConfigError

# Nobody waits longer: whoever asks for a piece by RPC has given up after ten.
SECONDS, TRIES = 3.0, 2


class StorageAway(Exception):
    """The storage cannot be reached, or refuses: try again later."""


class Objects(Protocol):
    """Octets by key. A key is a path of plain names; putting and deleting twice is harmless.

    Each raises `StorageAway`.
    """

    def put(self, key: str, octets: bytes) -> None: ...

    def get(self, key: str) -> bytes | None:
        """None where there is none."""

    def delete(self, key: str) -> None: ...


@dataclass(frozen=True)
class Folder:
    """Files below a folder that every process of the service sees."""

    path: Path

    def put(self, key: str, octets: bytes) -> None:
        """Whole or not at all: it takes its name once it is on disk."""
        place = self.path / key
        with _reaching():
            place.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(place)

    def get(self, key: str) -> bytes | None:
        with _reaching():
            try:
                return (self.path / key).read_bytes()
            except FileNotFoundError:
                return None

    def delete(self, key: str) -> None:
        """And the folder that it was the last in."""
        place = self.path / key
        with _reaching():
            place.unlink(missing_ok=True)
            with suppress(OSError):
                place.parent.rmdir()


@dataclass(frozen=True)
class Bucket:
    """Objects of a bucket, below a prefix."""

    client: Minio
    name: str
    prefix: str

    def put(self, key: str, octets: bytes) -> None:
        with _reaching():
            self.client.put_object(self.name, self.prefix + key, BytesIO(octets), len(octets))

    def get(self, key: str) -> bytes | None:
        with _reaching():
            try:
                answer = self.client.get_object(self.name, self.prefix + key)
            except S3Error as error:
                if error.code == "NoSuchKey":
                    return None
                raise
            try:
                return bytes(answer.read())
            finally:
                answer.close()
                answer.release_conn()

    def delete(self, key: str) -> None:
        with _reaching():
            self.client.remove_object(self.name, self.prefix + key)


@contextmanager
def _reaching() -> Iterator[None]:
    """:raises StorageAway: what a disk or a server of objects raises."""
    try:
        yield
    except (OSError, MinioException, HTTPError) as error:
        raise StorageAway(type(error).__name__) from error


def opened(where: str, access_key: str = "", secret_key: str = "", region: str = "") -> Objects:
    """What `where` names: a folder's path, or `https://HOST/BUCKET/PREFIX` (`http` for one without TLS).

    :raises ConfigError: it names no bucket.
    """
    url = urlsplit(where)
    if url.scheme not in ("http", "https"):
        return Folder(Path(where))
    bucket, _, prefix = url.path.strip("/").partition("/")
    if not url.netloc or not bucket:
        raise ConfigError("CAMPAIGNS_FILES must be a folder, or https://HOST/BUCKET")
    client = Minio(
        url.netloc,
        access_key=access_key or None,
        secret_key=secret_key or None,
        secure=url.scheme == "https",
        region=region or "us-east-1",
        http_client=urllib3.PoolManager(timeout=SECONDS, retries=urllib3.Retry(TRIES - 1, backoff_factor=0.2)),
    )
    return Bucket(client, bucket, f"{prefix}/" if prefix else "")
