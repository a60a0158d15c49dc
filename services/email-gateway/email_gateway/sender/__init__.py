"""The process that sends: lanes in, SMTP out, ledger and events. `python -m email_gateway.sender`"""
