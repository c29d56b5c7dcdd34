# Coupons and gift codes.
pricing-coupon = Coupon
pricing-coupon-submit = Use the coupon
coupon-percent = { $percent } %
coupon-once = The coupon takes { $off } off your first payment.
coupon-forever = The coupon takes { $off } off every payment.
coupon-months = { $count ->
    [one] The coupon takes { $off } off the payments of the first month.
   *[other] The coupon takes { $off } off the payments of the first { $count } months.
}
error-coupon-unknown = There is no such coupon. Look again at how it is written.
error-coupon-expired = This coupon is not valid any more.
error-coupon-plan = This coupon is not valid for this plan.
error-coupon-period = This coupon is not valid for this period.
error-coupon-used-up = This coupon is used up.
error-coupon-used = You have used this coupon already.
error-coupon-first-only = This coupon is for a first purchase only.
error-checkout-replaced = You have begun another purchase meanwhile. Go on there, or begin anew.
billing-gift = Redeem a gift code
billing-gift-code = Gift code
billing-gift-hint = 16 letters and digits. Spaces, hyphens and capitals don’t matter.
billing-gift-submit = Redeem
billing-gift-done = The gift code is redeemed: its worth is part of your credit now.
credit-gift = Gift code
error-gift-unknown = There is no such gift code. Look again at its letters and digits.
error-gift-redeemed = This gift code was redeemed already.
error-gift-over = This gift code can’t be redeemed any more.
privacy-held-coupon-uses = Which coupon you began a purchase with, when, and whether it was paid.
privacy-held-gift-codes = Gift codes you have redeemed, as hashes, and when.
admin-coupons = Coupons
admin-coupons-body = Codes that take something off the price of a purchase. Each is made at Stripe too, as a promotion code.
admin-coupon-code = Code
admin-coupon-code-hint = 3 to 32 letters, digits and hyphens; customers type it in either case.
admin-coupon-off = Takes off
admin-coupon-lasts = For how long
admin-coupon-holds = Valid for
admin-coupon-holds-hint = Plans and periods. Nothing chosen: all of them.
admin-coupon-used = Used
admin-coupon-first = First purchase only
admin-coupon-forever = Off every payment
admin-coupon-percent = Percent
admin-coupon-percent-hint = 1 to 100. Empty: the amount below.
admin-coupon-months = Months
admin-coupon-months-hint = Off the payments of so many months. Empty: off the first payment.
admin-coupon-uses = Uses in all
admin-coupon-per-customer = Uses of each customer
admin-coupon-limit-hint = Empty: no limit.
admin-coupon-over = Over
admin-coupon-add = Add a coupon
admin-coupon-add-ask = Whoever knows { $code } buys with { $off } off from now on.
admin-coupon-disable = Withdraw
admin-coupon-disable-ask = Nobody can buy with { $code } any more. Whoever has bought with it keeps their price.
admin-done-coupon-added = The coupon is made.
admin-done-coupon-disabled = The coupon is withdrawn.
admin-gifts = Gift codes
admin-gifts-body = Codes that are worth credit. They are made in batches and shown once; nobody can read them again.
admin-gift-note = Note
admin-gift-worth = Worth of each
admin-gift-redeemed = Redeemed
admin-gift-count = How many
admin-gift-days-hint = After these they can’t be redeemed. Empty: not before the batch is voided.
admin-gift-make = Make gift codes
admin-gift-make-ask = { $count ->
    [one] One code worth { $worth } is made. Whoever types it in first has it as credit.
   *[other] { $count } codes worth { $worth } each are made. Whoever types one in first has it as credit.
}
admin-gift-title = New gift codes
admin-gift-body = They are shown this once, a code a line. Copy them before you leave the page.
admin-gift-void = Void
admin-gift-void-ask = No code of this batch can be redeemed any more. What was redeemed stays the customers’. That can’t be taken back.
admin-done-gift-void = The batch is voided.
error-coupon-code-invalid = A code is 3 to 32 letters, digits and hyphens.
error-coupon-code-in-use = There is, or was, a coupon of this code.
error-period-invalid = A period is month, quarter or year.
error-note-invalid = A note has at most 200 characters that can be seen.
error-gift-batch-known = These codes were made already and are shown once. Void the batch if they were lost.
error-gift-batch-void = This batch is voided already.
