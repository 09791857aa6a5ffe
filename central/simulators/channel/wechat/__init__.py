"""WeChat Pay's half: APIv3, as strict as the real one."""

CHANNEL = "wechat"
