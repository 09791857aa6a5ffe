"""Pretends to be Alibaba Cloud's Short Message Service: texts go to a page instead of phones.

Strict about signatures, templates and numbers, and it misbehaves when it is told to.
"""
