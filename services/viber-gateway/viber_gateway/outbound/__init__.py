"""`python -m viber_gateway.outbound`: lanes in, Viber out, and what it tells."""
