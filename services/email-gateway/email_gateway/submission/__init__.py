"""The process that takes mail from partners' servers: `python -m email_gateway.submission`."""
