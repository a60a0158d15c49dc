"""The Nameko service: `nameko run contacts.service`."""

from contacts.service.main import ContactsService

__all__ = ["ContactsService"]
