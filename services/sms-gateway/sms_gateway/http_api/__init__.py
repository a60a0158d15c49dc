"""Carriers that are reached by HTTP: how each asks, answers and reports. No database, no use case."""
