# Gutscheine und Geschenkcodes.
pricing-coupon = Gutschein
pricing-coupon-submit = Gutschein verwenden
coupon-percent = { $percent } %
coupon-once = Der Gutschein senkt Ihre erste Zahlung um { $off }.
coupon-forever = Der Gutschein senkt jede Zahlung um { $off }.
coupon-months = { $count ->
    [one] Der Gutschein senkt die Zahlungen des ersten Monats um { $off }.
   *[other] Der Gutschein senkt die Zahlungen der ersten { $count } Monate um { $off }.
}
error-coupon-unknown = Diesen Gutschein gibt es nicht. Sehen Sie nach, wie er geschrieben wird.
error-coupon-expired = Dieser Gutschein gilt nicht mehr.
error-coupon-plan = Dieser Gutschein gilt nicht für diesen Tarif.
error-coupon-period = Dieser Gutschein gilt nicht für diesen Zeitraum.
error-coupon-used-up = Dieser Gutschein ist aufgebraucht.
error-coupon-used = Sie haben diesen Gutschein schon verwendet.
error-coupon-first-only = Dieser Gutschein gilt nur für den ersten Kauf.
error-checkout-replaced = Sie haben inzwischen einen anderen Kauf begonnen. Machen Sie dort weiter, oder beginnen Sie neu.
billing-gift = Geschenkcode einlösen
billing-gift-code = Geschenkcode
billing-gift-hint = 16 Buchstaben und Ziffern. Leerzeichen, Bindestriche und Großschreibung sind gleich.
billing-gift-submit = Einlösen
billing-gift-done = Der Geschenkcode ist eingelöst: Sein Wert gehört jetzt zu Ihrem Guthaben.
credit-gift = Geschenkcode
error-gift-unknown = Diesen Geschenkcode gibt es nicht. Prüfen Sie Buchstaben und Ziffern.
error-gift-redeemed = Dieser Geschenkcode wurde schon eingelöst.
error-gift-over = Dieser Geschenkcode kann nicht mehr eingelöst werden.
privacy-held-coupon-uses = Mit welchem Gutschein Sie einen Kauf begonnen haben, wann, und ob er bezahlt wurde.
privacy-held-gift-codes = Geschenkcodes, die Sie eingelöst haben, als Hashes, und wann.
admin-coupons = Gutscheine
admin-coupons-body = Codes, die den Preis eines Kaufs senken. Jeder wird auch bei Stripe angelegt, als Promotion-Code.
admin-coupon-code = Code
admin-coupon-code-hint = 3 bis 32 Buchstaben, Ziffern und Bindestriche; Kunden tippen ihn groß oder klein.
admin-coupon-off = Senkt um
admin-coupon-lasts = Wie lange
admin-coupon-holds = Gilt für
admin-coupon-holds-hint = Tarife und Zeiträume. Nichts gewählt: alle.
admin-coupon-used = Verwendet
admin-coupon-first = Nur beim ersten Kauf
admin-coupon-forever = Bei jeder Zahlung
admin-coupon-percent = Prozent
admin-coupon-percent-hint = 1 bis 100. Leer: der Betrag darunter.
admin-coupon-months = Monate
admin-coupon-months-hint = Bei den Zahlungen so vieler Monate. Leer: bei der ersten Zahlung.
admin-coupon-uses = Verwendungen insgesamt
admin-coupon-per-customer = Verwendungen je Kunde
admin-coupon-limit-hint = Leer: keine Grenze.
admin-coupon-over = Vorbei
admin-coupon-add = Gutschein hinzufügen
admin-coupon-add-ask = Wer { $code } kennt, kauft ab jetzt um { $off } günstiger.
admin-coupon-disable = Zurückziehen
admin-coupon-disable-ask = Niemand kann mehr mit { $code } kaufen. Wer damit gekauft hat, behält seinen Preis.
admin-done-coupon-added = Der Gutschein ist angelegt.
admin-done-coupon-disabled = Der Gutschein ist zurückgezogen.
admin-gifts = Geschenkcodes
admin-gifts-body = Codes, die Guthaben wert sind. Sie werden in Paketen erstellt und einmal gezeigt; niemand kann sie wieder lesen.
admin-gift-note = Notiz
admin-gift-worth = Wert je Code
admin-gift-redeemed = Eingelöst
admin-gift-count = Wie viele
admin-gift-days-hint = Danach können sie nicht mehr eingelöst werden. Leer: nicht bevor das Paket ungültig gemacht wird.
admin-gift-make = Geschenkcodes erstellen
admin-gift-make-ask = { $count ->
    [one] Ein Code im Wert von { $worth } wird erstellt. Wer ihn zuerst eintippt, hat ihn als Guthaben.
   *[other] { $count } Codes im Wert von je { $worth } werden erstellt. Wer einen zuerst eintippt, hat ihn als Guthaben.
}
admin-gift-title = Neue Geschenkcodes
admin-gift-body = Sie werden nur dieses eine Mal gezeigt, ein Code je Zeile. Kopieren Sie sie, bevor Sie die Seite verlassen.
admin-gift-void = Ungültig machen
admin-gift-void-ask = Kein Code dieses Pakets kann mehr eingelöst werden. Was eingelöst ist, bleibt den Kunden. Das lässt sich nicht zurücknehmen.
admin-done-gift-void = Das Paket ist ungültig.
error-coupon-code-invalid = Ein Code hat 3 bis 32 Buchstaben, Ziffern und Bindestriche.
error-coupon-code-in-use = Einen Gutschein mit diesem Code gibt oder gab es schon.
error-period-invalid = Ein Zeitraum ist month, quarter oder year.
error-note-invalid = Eine Notiz hat höchstens 200 sichtbare Zeichen.
error-gift-batch-known = Diese Codes wurden schon erstellt und werden nur einmal gezeigt. Machen Sie das Paket ungültig, wenn sie verloren sind.
error-gift-batch-void = Dieses Paket ist schon ungültig.
