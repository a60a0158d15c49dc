"""Clicks, opens and unsubscribes: answered from the link alone, published to the services through a spool on disk."""
