"""Nameko entrypoints: `nameko run viber_gateway.service:ViberGatewayService`."""

from viber_gateway.service.main import ViberGatewayService

__all__ = ["ViberGatewayService"]
