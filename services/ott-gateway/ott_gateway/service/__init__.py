"""Nameko entrypoints: `nameko run ott_gateway.service:OttGatewayService`."""

from ott_gateway.service.main import OttGatewayService

__all__ = ["OttGatewayService"]
