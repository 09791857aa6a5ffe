"""Notices to people outside of the hub: by mail."""
