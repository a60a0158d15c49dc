"""`python -m ott_gateway.outbound`: lanes in, WhatsApp out, and what it tells."""
