"""What each business event posts. Pure; one function an event, read like a table.

The numbers are those of docs/reference/posting-rules.md::

    payments.py    1 paid · 2 channel settled · 5 prepaid, balance · 6 bought · 9, 11 refund
    orders.py      3 completed · 4 commission released · 10 refund after completion
    vouchers.py    7 sold · 8 redeemed · 18 expired · 20 redeemed twice · 21 reserve
    suppliers.py   13 prefund, stock · 14 failover · 19 differences with a bill
    payouts.py     15, 16, 17 payout · 22 deposit back
    settlements.py 8 fees of a statement · 17 stores netted with their owner
    periods.py     12 reversal · 23 month closed
"""

from central.money.ledger.days import business_day as business_day
from central.money.ledger.days import day_after as day_after
from central.money.ledger.days import first_moment_s as first_moment_s
from central.money.ledger.days import is_day as is_day
from central.money.ledger.days import last_day_of as last_day_of
from central.money.ledger.rules.orders import Clawed as Clawed
from central.money.ledger.rules.orders import Completed as Completed
from central.money.ledger.rules.orders import Refunded as Refunded
from central.money.ledger.rules.orders import claw as claw
from central.money.ledger.rules.orders import commission_released as commission_released
from central.money.ledger.rules.orders import order_completed as order_completed
from central.money.ledger.rules.orders import refund_after_completion as refund_after_completion
from central.money.ledger.rules.payments import balance_account as balance_account
from central.money.ledger.rules.payments import balance_given_back as balance_given_back
from central.money.ledger.rules.payments import balance_topped_up as balance_topped_up
from central.money.ledger.rules.payments import bought_from_balance as bought_from_balance
from central.money.ledger.rules.payments import bought_from_prepaid as bought_from_prepaid
from central.money.ledger.rules.payments import bought_from_wallet as bought_from_wallet
from central.money.ledger.rules.payments import channel_settled as channel_settled
from central.money.ledger.rules.payments import deposit_paid_in as deposit_paid_in
from central.money.ledger.rules.payments import fee_returned as fee_returned
from central.money.ledger.rules.payments import paid as paid
from central.money.ledger.rules.payments import prepaid as prepaid
from central.money.ledger.rules.payments import refund_before_delivery as refund_before_delivery
from central.money.ledger.rules.payments import refund_confirmed as refund_confirmed
from central.money.ledger.rules.payments import refund_to_balance as refund_to_balance
from central.money.ledger.rules.payments import refund_to_prepaid as refund_to_prepaid
from central.money.ledger.rules.payments import refund_to_wallet as refund_to_wallet
from central.money.ledger.rules.payments import shortfall_borne as shortfall_borne
from central.money.ledger.rules.payments import shortfall_undone as shortfall_undone
from central.money.ledger.rules.payouts import Payout as Payout
from central.money.ledger.rules.payouts import deposit_forfeited as deposit_forfeited
from central.money.ledger.rules.payouts import deposit_returned as deposit_returned
from central.money.ledger.rules.payouts import deposit_set_off as deposit_set_off
from central.money.ledger.rules.payouts import payout_back_key as payout_back_key
from central.money.ledger.rules.payouts import payout_paid as payout_paid
from central.money.ledger.rules.payouts import payout_requested as payout_requested
from central.money.ledger.rules.payouts import payout_void_key as payout_void_key
from central.money.ledger.rules.payouts import receivable_written_off as receivable_written_off
from central.money.ledger.rules.payouts import tax_paid as tax_paid
from central.money.ledger.rules.payouts import transferred as transferred
from central.money.ledger.rules.periods import Result as Result
from central.money.ledger.rules.periods import brought_in as brought_in
from central.money.ledger.rules.periods import month_closed as month_closed
from central.money.ledger.rules.periods import reversal_key as reversal_key
from central.money.ledger.rules.settlements import Netted as Netted
from central.money.ledger.rules.settlements import fees_charged as fees_charged
from central.money.ledger.rules.settlements import stores_netted as stores_netted
from central.money.ledger.rules.suppliers import Difference as Difference
from central.money.ledger.rules.suppliers import (
    charged_without_delivery as charged_without_delivery,
)
from central.money.ledger.rules.suppliers import claim_met as claim_met
from central.money.ledger.rules.suppliers import difference_explained as difference_explained
from central.money.ledger.rules.suppliers import difference_found as difference_found
from central.money.ledger.rules.suppliers import goods_taken_back as goods_taken_back
from central.money.ledger.rules.suppliers import stock_bought as stock_bought
from central.money.ledger.rules.suppliers import stock_used as stock_used
from central.money.ledger.rules.suppliers import supplier_paid as supplier_paid
from central.money.ledger.rules.suppliers import supplier_prefunded as supplier_prefunded
from central.money.ledger.rules.vouchers import Bearer as Bearer
from central.money.ledger.rules.vouchers import DoubleRedemption as DoubleRedemption
from central.money.ledger.rules.vouchers import Redeemed as Redeemed
from central.money.ledger.rules.vouchers import breakage as breakage
from central.money.ledger.rules.vouchers import double_redemption_borne as double_redemption_borne
from central.money.ledger.rules.vouchers import (
    double_redemption_claimed as double_redemption_claimed,
)
from central.money.ledger.rules.vouchers import redeemed as redeemed
from central.money.ledger.rules.vouchers import reserve_accrued as reserve_accrued
from central.money.ledger.rules.vouchers import voucher_expired_again as voucher_expired_again
from central.money.ledger.rules.vouchers import voucher_reactivated as voucher_reactivated
from central.money.ledger.rules.vouchers import vouchers_expired as vouchers_expired
from central.money.ledger.rules.vouchers import vouchers_paid as vouchers_paid
from central.money.ledger.rules.vouchers import vouchers_sold as vouchers_sold
from central.money.ledger.rules.write import Commission as Commission
from central.money.ledger.rules.write import Cost as Cost
