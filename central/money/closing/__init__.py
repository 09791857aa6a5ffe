"""Ends days and months: once the channels' bills of them are settled, or a person says why not."""
