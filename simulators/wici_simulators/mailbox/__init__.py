"""A world of mailboxes: an SMTP server that accepts, defers and bounces by rule, and people who open and click.

    python -m wici_simulators.mailbox            SMTP on 127.0.0.1:12525, HTTP on 127.0.0.1:12580

What happens to an address follows from the address alone (`rules.py`), so that a test knows the truth beforehand.
"""
