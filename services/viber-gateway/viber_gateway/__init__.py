"""Viber: bots, who has subscribed to them, messages, and what people answer."""
