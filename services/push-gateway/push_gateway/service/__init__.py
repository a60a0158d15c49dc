"""Nameko entrypoints: `nameko run push_gateway.service:PushGatewayService`."""

from push_gateway.service.main import PushGatewayService

__all__ = ["PushGatewayService"]
