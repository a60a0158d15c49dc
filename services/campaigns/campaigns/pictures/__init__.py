"""Pictures of templates, by a browser: `python -m campaigns.pictures`."""
