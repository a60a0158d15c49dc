"""What is run by hand: `python -m contacts.commands.jobs`."""
