# Coupons et codes cadeaux.
pricing-coupon = Code de réduction
pricing-coupon-submit = Utiliser ce code
coupon-percent = { $percent } %
coupon-once = Ce code retire { $off } de votre premier paiement.
coupon-forever = Ce code retire { $off } de chaque paiement.
coupon-months = { $count ->
    [one] Ce code retire { $off } des paiements du premier mois.
   *[other] Ce code retire { $off } des paiements des { $count } premiers mois.
}
error-coupon-unknown = Ce code de réduction n’existe pas. Vérifiez comment il s’écrit.
error-coupon-expired = Ce code de réduction n’est plus valable.
error-coupon-plan = Ce code de réduction n’est pas valable pour cette formule.
error-coupon-period = Ce code de réduction n’est pas valable pour cette période.
error-coupon-used-up = Ce code de réduction est épuisé.
error-coupon-used = Vous avez déjà utilisé ce code de réduction.
error-coupon-first-only = Ce code de réduction est réservé à un premier achat.
error-checkout-replaced = Vous avez commencé un autre achat entre-temps. Continuez celui-ci ou recommencez.
billing-gift = Utiliser un code cadeau
billing-gift-code = Code cadeau
billing-gift-hint = 16 lettres et chiffres. Espaces, tirets et majuscules n’ont pas d’importance.
billing-gift-submit = Valider
billing-gift-done = Le code cadeau est validé : sa valeur s’ajoute à votre crédit.
credit-gift = Code cadeau
error-gift-unknown = Ce code cadeau n’existe pas. Vérifiez ses lettres et ses chiffres.
error-gift-redeemed = Ce code cadeau a déjà été utilisé.
error-gift-over = Ce code cadeau ne peut plus être utilisé.
privacy-held-coupon-uses = Le code de réduction avec lequel vous avez commencé un achat, quand, et si l’achat a été payé.
privacy-held-gift-codes = Les codes cadeaux que vous avez utilisés, sous forme d’empreintes, et quand.
admin-coupons = Réductions
admin-coupons-body = Des codes qui retirent une part du prix d’un achat. Chacun est aussi créé chez Stripe, comme code promotionnel.
admin-coupon-code = Code
admin-coupon-code-hint = De 3 à 32 lettres, chiffres et tirets ; les clients le tapent en majuscules ou en minuscules.
admin-coupon-off = Retire
admin-coupon-lasts = Durée
admin-coupon-holds = Valable pour
admin-coupon-holds-hint = Formules et périodes. Rien de choisi : toutes.
admin-coupon-used = Utilisés
admin-coupon-first = Premier achat seulement
admin-coupon-forever = Sur chaque paiement
admin-coupon-percent = Pourcentage
admin-coupon-percent-hint = De 1 à 100. Vide : le montant ci-dessous.
admin-coupon-months = Mois
admin-coupon-months-hint = Sur les paiements d’autant de mois. Vide : sur le premier paiement.
admin-coupon-uses = Utilisations en tout
admin-coupon-per-customer = Utilisations par client
admin-coupon-limit-hint = Vide : sans limite.
admin-coupon-over = Terminé
admin-coupon-add = Ajouter un code de réduction
admin-coupon-add-ask = Qui connaît { $code } achète désormais avec { $off } de réduction.
admin-coupon-disable = Retirer
admin-coupon-disable-ask = Plus personne ne peut acheter avec { $code }. Qui a acheté avec garde son prix.
admin-done-coupon-added = Le code de réduction est créé.
admin-done-coupon-disabled = Le code de réduction est retiré.
admin-gifts = Codes cadeaux
admin-gifts-body = Des codes qui valent du crédit. Ils sont créés par lots et montrés une fois ; personne ne peut les relire.
admin-gift-note = Note
admin-gift-worth = Valeur de chacun
admin-gift-redeemed = Utilisés
admin-gift-count = Combien
admin-gift-days-hint = Après, ils ne peuvent plus être utilisés. Vide : pas avant que le lot soit annulé.
admin-gift-make = Créer des codes cadeaux
admin-gift-make-ask = { $count ->
    [one] Un code d’une valeur de { $worth } est créé. Le premier qui le tape en reçoit le crédit.
   *[other] { $count } codes d’une valeur de { $worth } chacun sont créés. Le premier qui en tape un en reçoit le crédit.
}
admin-gift-title = Nouveaux codes cadeaux
admin-gift-body = Ils ne sont montrés que cette fois, un code par ligne. Copiez-les avant de quitter la page.
admin-gift-void = Annuler
admin-gift-void-ask = Plus aucun code de ce lot ne peut être utilisé. Ce qui a été utilisé reste aux clients. C’est irréversible.
admin-done-gift-void = Le lot est annulé.
error-coupon-code-invalid = Un code a de 3 à 32 lettres, chiffres et tirets.
error-coupon-code-in-use = Il y a, ou il y a eu, une réduction de ce code.
error-period-invalid = Une période est month, quarter ou year.
error-note-invalid = Une note a 200 caractères visibles au plus.
error-gift-batch-known = Ces codes ont déjà été créés et ne sont montrés qu’une fois. Annulez le lot s’ils sont perdus.
error-gift-batch-void = Ce lot est déjà annulé.
