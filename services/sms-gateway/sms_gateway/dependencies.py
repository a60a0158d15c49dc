"""Nameko dependency providers of this service's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from nameko.extensions import DependencyProvider

from chassis.config import load, setting
from sms_gateway.content.short_links import PATH


@dataclass(frozen=True, kw_only=True)
class _Config:
    system_sender: str = setting("SMS_SYSTEM_SENDER", default="Wici")
    public_url: str = setting("WICI_PUBLIC_URL", default="http://127.0.0.1:8000")
    short_link_url: str = setting("WICI_SHORT_LINK_URL", default="")


class SystemSender(DependencyProvider):
    """`self.system_sender`: the sender ID of the platform's own SMS."""

    def setup(self) -> None:
        self._sender = load(_Config, os.environ).system_sender

    def get_dependency(self, worker_ctx: Any) -> str:
        return self._sender


class ShortLinkUrl(DependencyProvider):
    """`self.short_link_url`: what short links in texts start with, up to the code."""

    def setup(self) -> None:
        config = load(_Config, os.environ)
        self._url = f"{(config.short_link_url or config.public_url).rstrip('/')}{PATH}"

    def get_dependency(self, worker_ctx: Any) -> str:
        return self._url
