"""SMTP out (RFC 5321): an own pipelined client on asyncio, and what replies mean."""
