"""Webhooks and the log of their deliveries."""

from __future__ import annotations

from chassis.service import Payload, rpc
from chassis.vaults import VaultProvider
from contracts.rpc import Actor
from reporting.service.base import ReportingEntrypoints
from reporting.usecases import url_tests, webhook_deliveries, webhook_sends, webhooks


class Webhooks(ReportingEntrypoints):
    vault = VaultProvider()

    @rpc
    def create_webhook(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_webhook", webhooks.create_webhook, actor, payload, vault=self.vault)

    @rpc
    def list_webhooks(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_webhooks", webhooks.list_webhooks, actor, payload)

    @rpc
    def get_webhook(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_webhook", webhooks.get_webhook, actor, payload)

    @rpc
    def update_webhook(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_webhook", webhooks.update_webhook, actor, payload, vault=self.vault)

    @rpc
    def delete_webhook(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_webhook", webhooks.delete_webhook, actor, payload)

    @rpc
    def rotate_webhook_secret(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("rotate_webhook_secret", webhooks.rotate_webhook_secret, actor, payload, vault=self.vault)

    @rpc
    def rotate_webhook_key(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("rotate_webhook_key", webhook_sends.rotate_webhook_key, actor, payload, vault=self.vault)

    @rpc
    def test_webhook(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("test_webhook", webhook_deliveries.test_webhook, actor, payload)

    @rpc
    def test_url(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("test_url", url_tests.test_url, actor, payload, vault=self.vault)

    @rpc
    def get_url_test(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_url_test", url_tests.get_url_test, actor, payload)

    @rpc
    def list_webhook_deliveries(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_webhook_deliveries", webhook_deliveries.list_webhook_deliveries, actor, payload)

    @rpc
    def get_webhook_delivery(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_webhook_delivery", webhook_deliveries.get_webhook_delivery, actor, payload)

    @rpc
    def replay_webhook_delivery(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("replay_webhook_delivery", webhook_deliveries.replay_webhook_delivery, actor, payload)

    @rpc
    def replay_webhook(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("replay_webhook", webhook_deliveries.replay_webhook, actor, payload)
