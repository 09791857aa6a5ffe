"""Alipay's half: the gateway, as strict as the real one."""

CHANNEL = "alipay"
