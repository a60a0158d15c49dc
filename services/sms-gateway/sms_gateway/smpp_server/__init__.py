"""`python -m sms_gateway.smpp_server`: the port that partners bind to (SMPP 3.4)."""
