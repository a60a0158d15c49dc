"""`python -m rcs_gateway.outbound`: messages to Google, and what it tells of them."""
