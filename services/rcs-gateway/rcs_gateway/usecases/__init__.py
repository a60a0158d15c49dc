"""One function for each thing the service can do."""
