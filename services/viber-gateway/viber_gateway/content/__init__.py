"""Stored content and a recipient: what Viber is sent."""
