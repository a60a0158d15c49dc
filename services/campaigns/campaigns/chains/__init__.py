"""Messages over several channels, from one step to the next: `python -m campaigns.chains`."""
