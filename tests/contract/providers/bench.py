"""Each provider's real outlet, wire and client, and what becomes of one message to it. No database: what the outlet
would look up there is told to it."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from channel.providers import http
from channel.providers.google import GoogleTokens, ServiceAccount
from channel.providers.outlet import ProviderOutlet
from channel.testing_peers import Asked, Play, answer, answering
from contracts.push_gateway.devices import Platform
from contracts.vocabulary import Lane, MessageState
from ott_gateway import batches as ott
from ott_gateway.content.template import Template as WhatsappTemplate
from ott_gateway.outbound.directory import Found as WhatsappFound
from ott_gateway.outbound.outlet import WhatsappOutlet
from ott_gateway.wires.whatsapp import Whatsapp, WhatsappAccount
from push_gateway.batches import PushMessage, Target
from push_gateway.batches import StoredContent as PushContent
from push_gateway.content.template import Template as PushTemplate
from push_gateway.outbound.directory import Credentials
from push_gateway.outbound.outlet import PushOutlet
from push_gateway.outbound.sending import OpenLinks, Senders
from push_gateway.wires.apns import Apns, ApnsAccount
from push_gateway.wires.fcm import Fcm
from push_gateway.wires.web import Web, WebAccount
from rcs_gateway.batches import RcsMessage
from rcs_gateway.batches import StoredContent as RcsContent
from rcs_gateway.content.template import Template as RcsTemplate
from rcs_gateway.outbound.directory import Found as RcsFound
from rcs_gateway.outbound.directory import Sender as RcsSender
from rcs_gateway.outbound.outlet import RcsOutlet
from rcs_gateway.wires import rbm
from viber_gateway.batches import StoredContent as ViberContent
from viber_gateway.batches import Subscriber, ViberMessage
from viber_gateway.content.template import Template as ViberTemplate
from viber_gateway.outbound.directory import BotAccount
from viber_gateway.outbound.directory import Found as ViberFound
from viber_gateway.outbound.outlet import ViberOutlet
from viber_gateway.wires.viber import Viber

_PEM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
# A short one: its primes are tried each time that it is read.
RSA_PEM = rsa.generate_private_key(65_537, 1024).private_bytes(*_PEM)
_P256 = ec.generate_private_key(ec.SECP256R1())
P256_PEM = _P256.private_bytes(*_PEM)
_POINT = _P256.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
BROWSER = {"p256dh": base64.urlsafe_b64encode(_POINT).decode(), "auth": base64.urlsafe_b64encode(bytes(16)).decode()}
PHONE = "+48600100200"
NO_TRUST = ssl.create_default_context()  # made once: it reads every root that there is
TOKEN = answer(200, b'{"access_token":"ya29.of-a-test","expires_in":3599}')


class Seen(NamedTuple):
    """What became of a message. :ivar is_archived: a device is dropped, or a phone or person counts as gone."""

    state: MessageState | None
    code: str | None
    wait: float | None
    is_archived: bool


@dataclass(frozen=True)
class Provider:
    """:ivar good: what it should answer. :ivar taken: the state of a message that it has taken.
    :ivar unknown: that of a campaign's of which nobody knows.
    :ivar make: an outlet, and how its message is made for the account of that number.
    """

    name: str
    good: Callable[[Asked], bytes]
    taken: MessageState
    unknown: MessageState
    make: Callable[
        [Callable[[], httpx.AsyncClient], str, str], tuple[ProviderOutlet, Callable[[int, Any], tuple[Any, Any]]]
    ]

    @property
    def well(self) -> Play:
        return answering(self.good)


def _is_never_stopped(_: Any) -> bool:
    return False


class Bench:
    """:param token_url: of Google's. :param timeout, token_timeout: seconds for an answer."""

    def __init__(
        self, provider: Provider, url: str, token_url: str, timeout: float, token_timeout: float,
        verify: ssl.SSLContext = NO_TRUST,
    ) -> None:  # fmt: skip
        self._clients: list[httpx.AsyncClient] = []

        def client(*, is_of_tokens: bool = False, **more: Any) -> httpx.AsyncClient:
            self._clients.append(http.new_client(token_timeout if is_of_tokens else timeout, verify=verify, **more))
            return self._clients[-1]

        self.outlet, self._message = provider.make(client, url, token_url)
        events: Any = SimpleNamespace(is_stopped=_is_never_stopped)
        self.outlet.events = events

    async def send(self, account: int = 1, lane: Lane = Lane.BULK) -> Seen:
        """One message of that account's."""
        header = SimpleNamespace(
            lane=lane, account_id=str(UUID(int=account)), campaign_id=None, accepted_at=time.time()
        )
        message, found = self._message(account, header)
        if not await self.outlet.conclude(message, found):
            raise AssertionError("it was kept back")
        archived = getattr(message, "dead", None) or getattr(message, "gone", None) is not None
        is_archived = bool(archived) or getattr(message, "reach", None) is False
        return Seen(message.state, message.code, message.wait, is_archived)

    async def close(self) -> None:
        await asyncio.gather(*(client.aclose() for client in self._clients))


def _chunk(header: Any, content: Any) -> Any:
    return SimpleNamespace(batch=SimpleNamespace(header=header, content=content))


def _push(platform: Platform) -> Any:
    def make(client: Callable[..., httpx.AsyncClient], url: str, token_url: str) -> Any:
        fcm, apns = Fcm(client(), client(is_of_tokens=True), url, token_url), Apns(client(only_http2=True), url, url)
        nothing: Any = None
        senders = Senders(fcm, apns, Web(client()), (url,))
        outlet = PushOutlet([Lane.BULK], nothing, senders, OpenLinks("https://wici.example", bytes(32)), ahead=100)
        content = PushContent(str(uuid4()), "shop", PushTemplate({"title": "Hello", "body": "World"}))

        def message(account: int, header: Any) -> tuple[Any, Any]:
            credentials = Credentials(
                UUID(int=account),
                ServiceAccount(f"shop-{account}", "push@shop.example", RSA_PEM),
                ApnsAccount(f"TEAM{account}", "KEY1234567", P256_PEM, "com.shop", False),
                WebAccount(P256_PEM, f"mailto:push{account}@shop.example"),
            )
            keys, token = (BROWSER, f"{url}/push/x") if platform is Platform.WEB else (None, "a1b2c3")
            one = PushMessage(
                _chunk(header, content), {"address": "a", "contact_id": str(uuid4())}, str(uuid4()), False, 0
            )
            return one, (credentials, {"a": [Target(uuid4(), platform, token, keys)]})

        return outlet, message

    return make


def _rcs(client: Callable[..., httpx.AsyncClient], url: str, token_url: str) -> Any:
    nothing: Any = None
    tokens = GoogleTokens(client(is_of_tokens=True), token_url, rbm.SCOPE, rbm.PROVIDER)
    outlet = RcsOutlet([Lane.BULK], nothing, rbm.Rbm(client(), tokens, url), ahead=100)
    content = RcsContent(str(uuid4()), "shop", RcsTemplate({"kind": "basic", "text": "Hej", "ttl_seconds": 3_600}))

    def message(account: int, header: Any) -> tuple[Any, Any]:
        sender = RcsSender(UUID(int=account), uuid4(), ServiceAccount(f"agent{account}", "rcs@shop.example", RSA_PEM))
        one = RcsMessage(_chunk(header, content), {"number": 1, "address": PHONE}, str(uuid4()), False, 0)
        return one, RcsFound(sender, {})

    return outlet, message


def _whatsapp(client: Callable[..., httpx.AsyncClient], url: str, _: str) -> Any:
    nothing: Any = None
    outlet = WhatsappOutlet([Lane.BULK], nothing, Whatsapp(client(), client(), url, "v23.0"), ahead=100)
    content = ott.StoredContent(str(uuid4()), "shop", WhatsappTemplate({"text": "Hej"}))

    def message(account: int, header: Any) -> tuple[Any, Any]:
        number = WhatsappAccount(f"10654{account}", "1022", f"EAA-{account}")
        one = ott.WhatsappMessage(_chunk(header, content), {"address": PHONE}, str(uuid4()), False, 0)
        return one, WhatsappFound(number, None, frozenset({PHONE}))

    return outlet, message


def _viber(client: Callable[..., httpx.AsyncClient], url: str, _: str) -> Any:
    nothing: Any = None
    outlet = ViberOutlet([Lane.BULK], nothing, Viber(client(), client(), url), ahead=100)
    content = ViberContent(str(uuid4()), "shop", ViberTemplate({"text": "Hej"}))
    people: Mapping[str, Subscriber] = {"a": Subscriber(uuid4(), "01234567890A=", datetime.now(UTC))}

    def message(account: int, header: Any) -> tuple[Any, Any]:
        one = ViberMessage(_chunk(header, content), {"address": "a"}, str(uuid4()), False, 0)
        return one, ViberFound(BotAccount(f"445da6az1s345z78-{account}", "Shop"), people)

    return outlet, message


def _rcs_taken(asked: Asked) -> bytes:
    message_id = asked.line.partition("messageId=")[2].partition("&")[0].partition(" ")[0]
    return answer(200, f'{{"name":"phones/{PHONE}/agentMessages/{message_id}"}}'.encode())


FCM = Provider(
    "FCM", lambda _: answer(200, b'{"name":"projects/shop/messages/0:1"}'), MessageState.DELIVERED,
    MessageState.UNKNOWN, _push(Platform.FCM),
)  # fmt: skip
WEB = Provider(
    "Web Push", lambda _: answer("201 Created", b"", "Location: /m/1"), MessageState.DELIVERED, MessageState.UNKNOWN,
    _push(Platform.WEB),
)  # fmt: skip
RCS = Provider("RCS", _rcs_taken, MessageState.SUBMITTED, MessageState.DEFERRED, _rcs)
WHATSAPP = Provider(
    "WhatsApp", lambda _: answer(200, b'{"messages":[{"id":"wamid.A"}]}'), MessageState.SUBMITTED, MessageState.UNKNOWN,
    _whatsapp,
)  # fmt: skip
VIBER = Provider(
    "Viber", lambda _: answer(200, b'{"status":0,"message_token":4912661846655238145}'), MessageState.SUBMITTED,
    MessageState.UNKNOWN, _viber,
)  # fmt: skip
APNS = Provider("APNs", lambda _: b"", MessageState.DELIVERED, MessageState.UNKNOWN, _push(Platform.APNS))
