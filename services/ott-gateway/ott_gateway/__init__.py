"""WhatsApp: numbers, templates, messages, and what people answer."""
