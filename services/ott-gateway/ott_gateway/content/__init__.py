"""Stored content and a recipient: what WhatsApp is sent."""
