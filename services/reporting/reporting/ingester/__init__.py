"""The ingester, from delivery events to the log and the counters: `python -m reporting.ingester`."""
