"""WeChat Pay, APIv3, as an ordinary merchant: signing, money in, money out, shares, bills."""

CHANNEL = "wechat-pay"
