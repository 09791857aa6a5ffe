"""Alipay's open platform: RSA2 with a public key or with certificates; money in, out, bills."""

CHANNEL = "alipay"
