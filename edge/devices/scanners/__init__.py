"""Scanners: from the bytes of a device to a scan that waits for a screen."""
