"""What channels share whose messages leave by a provider's HTTP API: push, RCS, WhatsApp, Viber."""
