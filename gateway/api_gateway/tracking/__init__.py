"""Clicks, opens and unsubscribes: answered from the link alone, told to the services through a spool on disk."""
