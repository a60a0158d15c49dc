"""The process that holds the binds to carriers: `python -m sms_gateway.outbound`.

What it does as every channel does is `channel`'s; here are the carriers, and what their answers mean.
"""
