"""One message to one device: which provider, what it is sent, what it says."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

from channel.providers.answers import Answer, Verdict
from channel.providers.http import Place
from contracts.push_gateway.devices import Platform
from contracts.tokens import TokenKind, signer
from contracts.vocabulary import Channel
from push_gateway.batches import PushMessage, StoredContent, Target
from push_gateway.content import payloads
from push_gateway.content.payloads import Push
from push_gateway.content.template import Rendered
from push_gateway.domain.languages import chosen
from push_gateway.domain.push_services import is_push_service
from push_gateway.outbound.directory import Credentials
from push_gateway.wires.apns import Apns
from push_gateway.wires.fcm import Fcm
from push_gateway.wires.web import Web

NOT_SET_UP = "push.not_set_up"


class OpenLinks:
    """Where an application says that a message was opened: `/o/{token}`, as an e-mail's picture."""

    def __init__(self, public_url: str, key: bytes) -> None:
        self._url, self._key = f"{public_url.rstrip('/')}/o/", key

    def of(self, message: PushMessage) -> str:
        header, contact_id = message.header, message.recipient.get("contact_id")
        campaign_id = header.campaign_id and UUID(header.campaign_id)
        sign = signer(
            self._key, TokenKind.OPEN, account_id=UUID(header.account_id), campaign_id=campaign_id or None,
            target=Channel.PUSH,
        )  # fmt: skip
        return self._url + sign(UUID(message.message_id), UUID(contact_id) if contact_id else None)


class Composition:
    """What is made of one message: rendered once for each language that its devices have.

    :raises RenderFailed: from `of`, where a template fails or the text is too much.
    """

    def __init__(self, message: PushMessage, content: StoredContent, opened_url: str) -> None:
        self._message, self._template, self._opened_url = message, content.template, opened_url
        self._by_language: dict[str | None, Rendered] = {}

    def of(self, target: Target) -> Push:
        language = chosen(target.language, self._template.languages)
        if language not in self._by_language:
            fields = self._message.recipient.get("fields") or {}
            self._by_language[language] = self._template.render(fields, language)
        rendered = self._by_language[language]
        return Push(self._message.message_id, self._template.content, rendered, self._opened_url)


class Senders:
    """The providers.

    :param web_hosts: the push services of browsers. :param now: Unix seconds.
    """

    def __init__(
        self, fcm: Fcm, apns: Apns, web: Web, web_hosts: tuple[str, ...], now: Callable[[], float] = time.time
    ) -> None:
        self._fcm, self._apns, self._web, self._web_hosts, self._now = fcm, apns, web, web_hosts, now

    async def send(self, credentials: Credentials, push: Push, target: Target, place: Place) -> Answer:
        """:raises RenderFailed: it is too much for the platform."""
        if target.platform == Platform.FCM and credentials.fcm:
            message = payloads.fcm(push, target.token, is_topic=target.is_topic)
            return await self._fcm.send(credentials.fcm, message, place)
        if target.platform == Platform.APNS and credentials.apns:
            expires_at = int(self._now()) + push.ttl if push.ttl else 0
            headers, body = payloads.apns(push, credentials.apns.topic, expires_at)
            return await self._apns.send(credentials.apns, target.token, headers, body, place)
        if target.platform == Platform.WEB:
            if not is_push_service(target.token, self._web_hosts):
                return Answer(Verdict.GONE, "web.endpoint_invalid")
            headers, body = payloads.web(push)
            return await self._web.send(credentials.web, target.token, target.keys or {}, headers, body, place)
        return Answer(Verdict.REFUSED, NOT_SET_UP)
