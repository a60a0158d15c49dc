"""How a Wici process boots and speaks: configuration, logs, database, outbox, inbox, RPC, lanes, health, metrics.

Something enters the chassis only when three services need it and it holds no business rule.
"""
