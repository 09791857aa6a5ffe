"""Files as banks and suppliers write them, and the settings that say how."""

from __future__ import annotations

from pathlib import Path

from central.money.reconciliation.files.layouts import Layouts, load

SETTINGS = """
[bank.main]
date = "交易日期"
number = "流水号"
income = "收入"
outgo = "支出"
balance = "余额"
reference = "摘要"
reference_pattern = "[A-Z]{2,4}[0-9]+"
currency_column = "币种"
end_word = "合计"

[bank.plain]
date = "Date"
date_format = "%d/%m/%Y"
number = "Ref"
amount = "Amount"
balance = "Balance"
currency = "USD"

[supplier.kasushou]
account = "1040"
date = "时间"
our_number = "商户单号"
their_number = "平台单号"
amount = "金额"
state = "状态"
"""
BANK = """某银行,账户明细
账号,6222000011112222
交易日期,流水号,币种,收入,支出,余额,摘要
2026-04-11 09:00:00,T1,人民币,,"1,000.00",9000.00,货款 PF7 预存
2026-04-11 10:00:00,T2,人民币,91.79,,9091.79,-
2026-04-13 08:00:00,T3,CNY,0.21,,"9,092.00",结息
合计,,,92.00,1000.00,,
"""
SUPPLIER = """时间,商户单号,平台单号,金额,状态
2026-04-11 09:00:00,O1,K1,40.00,成功
2026-04-11 10:00:00,O2,K2,30.00,失败
2026-04-12 10:00:00,O1,K3,40.00,已退款
"""


def layouts(directory: Path, text: str = SETTINGS) -> Layouts:
    """Write the settings, and read them."""
    file = directory / "statements.toml"
    file.write_text(text, "utf-8")
    return load(file)
