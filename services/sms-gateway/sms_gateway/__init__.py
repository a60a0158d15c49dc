"""The sms-gateway service: sender IDs, carriers and routes, SMPP out, receipts."""
