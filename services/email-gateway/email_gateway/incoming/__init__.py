"""Mails that come in: octets in, what they say out. No I/O; all of it runs in a confined process (`reading.read`)."""
