"""Campaigns: templates, drafts, their schedule, and the dispatcher that turns an audience into batches."""
