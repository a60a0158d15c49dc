"""The process that hands mail over: `python -m email_gateway.outbound`.

What it does as every channel does is `channel`'s; here mails are composed (in processes of their own) and routed.
"""
