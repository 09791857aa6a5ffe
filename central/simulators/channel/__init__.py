"""The channel simulator: WeChat Pay and Alipay with pretend money, for demo, tests and training.

app.py        puts it together; server.py serves it; control.py steers it; pages.py shows it
keys.py       its own keys, and the merchant's files
books.py      accounts, payments, refunds, transfers, shares: one SQLite file
faults.py     what goes wrong next
deliver.py    callbacks, repeated by the ladder
wechat/       APIv3: verify a request, do it, sign the answer, write bills
alipay/       the gateway, the same way
bank/         a counter that takes tables of payouts: checks, pays, answers by a table
"""
