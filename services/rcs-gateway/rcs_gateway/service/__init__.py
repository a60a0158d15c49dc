"""Nameko entrypoints: `nameko run rcs_gateway.service:RcsGatewayService`."""

from rcs_gateway.service.main import RcsGatewayService

__all__ = ["RcsGatewayService"]
