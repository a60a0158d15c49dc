"""The process that tells customers what happens: `python -m reporting.webhooks`."""
