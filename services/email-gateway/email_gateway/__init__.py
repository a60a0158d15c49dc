"""Sender domains, DKIM signing, SMTP out, bounces: everything about e-mail leaving Wici."""
