"""The Nameko service: `nameko run email_gateway.service`."""

from email_gateway.service.main import EmailGatewayService

__all__ = ["EmailGatewayService"]
