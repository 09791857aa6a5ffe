"""Notices: mails that arrive, and mails that do not."""
