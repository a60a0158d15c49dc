"""The outbound process: `python -m push_gateway.outbound`."""
