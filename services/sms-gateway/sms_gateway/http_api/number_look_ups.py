"""Asking a carrier which network a number is with now (HLR, MNP): one GET, the answer read by a path."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpcore

from chassis.public_addresses import Networks
from sms_gateway.http_api import templates
from sms_gateway.http_api.documents import MOST_BODY, at, parsed
from sms_gateway.http_api.network import Connections
from sms_gateway.http_api.requests import Access

PATIENCE_SECONDS = 10.0
_SILENT = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, TimeoutError, OSError)


class NoAnswer(Exception):
    """Nobody knows; `detail` says why, without the number."""


@dataclass(frozen=True)
class LookUpSettings:
    """How a carrier is asked (`contracts.sms_gateway.http_carriers.HttpLookUp`)."""

    url: str
    access: Access
    path: str
    networks: Mapping[str, str]
    prefixes: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    rate: int = 10
    days: int = 30
    allowed: Networks = field(default=())

    @classmethod
    def of(cls, given: Mapping[str, Any], access: Access, allowed: Networks) -> LookUpSettings:
        return cls(
            given["url"], access, given["network"], given["networks"], tuple(given["prefixes"]),
            given.get("headers") or {}, given.get("rate") or cls.rate, given.get("days") or cls.days, allowed,
        )  # fmt: skip


class NumberLookUp:
    """Of one carrier. Used on one loop."""

    def __init__(self, settings: LookUpSettings) -> None:
        self._settings = settings
        self._connections = Connections(settings.url, settings.allowed)

    async def network_of(self, address: str) -> str | None:
        """The network as `domain.networks` has it; None where the carrier names one that has no name here.

        :param address: E.164. :raises NoAnswer: it did not say.
        """
        settings = self._settings
        values = {"to": address, "to_digits": address[1:], **settings.access.values()}
        headers = [
            (name.encode(), str(templates.filled(text, values)).encode()) for name, text in settings.headers.items()
        ]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                status, octets = await self._get(templates.filled_url(settings.url, values), headers)
        except _SILENT as error:
            raise NoAnswer(type(error).__name__) from None
        word = at(parsed(octets), settings.path) if 200 <= status < 300 else ""
        if not word:
            raise NoAnswer(f"HTTP {status}")
        return settings.networks.get(word)

    async def _get(self, url: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, bytes]:
        async with self._connections.one() as connection, connection.stream("GET", url, headers=headers) as response:
            octets = b""
            async for piece in response.aiter_stream():
                octets += piece
                if len(octets) > MOST_BODY:
                    return 0, b""
            return response.status, octets

    async def aclose(self) -> None:
        await self._connections.aclose()
