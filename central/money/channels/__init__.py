"""Payment channels: WeChat Pay, Alipay, the bank's file; nothing of them is trusted unverified."""
