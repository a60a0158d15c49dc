"""Contacts: people, their fields, groups, imports, archive and audiences."""
