"""What is run by hand, or by a timer: `python -m identity.commands.<name>`."""
