"""The Nameko service."""

from sms_gateway.service.main import SmsGatewayService

__all__ = ["SmsGatewayService"]
