# Cupones y códigos de regalo.
pricing-coupon = Cupón
pricing-coupon-submit = Usar el cupón
coupon-percent = { $percent } %
coupon-once = El cupón descuenta { $off } de su primer pago.
coupon-forever = El cupón descuenta { $off } de cada pago.
coupon-months = { $count ->
    [one] El cupón descuenta { $off } de los pagos del primer mes.
   *[other] El cupón descuenta { $off } de los pagos de los primeros { $count } meses.
}
error-coupon-unknown = Ese cupón no existe. Compruebe cómo se escribe.
error-coupon-expired = Este cupón ya no es válido.
error-coupon-plan = Este cupón no es válido para este plan.
error-coupon-period = Este cupón no es válido para este periodo.
error-coupon-used-up = Este cupón está agotado.
error-coupon-used = Ya ha usado este cupón.
error-coupon-first-only = Este cupón es solo para una primera compra.
error-checkout-replaced = Mientras tanto ha empezado otra compra. Siga allí o empiece de nuevo.
billing-gift = Canjear un código de regalo
billing-gift-code = Código de regalo
billing-gift-hint = 16 letras y cifras. Los espacios, los guiones y las mayúsculas no importan.
billing-gift-submit = Canjear
billing-gift-done = El código de regalo está canjeado: su valor ya forma parte de su saldo.
credit-gift = Código de regalo
error-gift-unknown = Ese código de regalo no existe. Compruebe sus letras y cifras.
error-gift-redeemed = Este código de regalo ya se canjeó.
error-gift-over = Este código de regalo ya no se puede canjear.
privacy-held-coupon-uses = Con qué cupón empezó una compra, cuándo, y si se pagó.
privacy-held-gift-codes = Los códigos de regalo que ha canjeado, como resúmenes, y cuándo.
admin-coupons = Cupones
admin-coupons-body = Códigos que rebajan el precio de una compra. Cada uno se crea también en Stripe, como código promocional.
admin-coupon-code = Código
admin-coupon-code-hint = De 3 a 32 letras, cifras y guiones; los clientes lo escriben en mayúsculas o minúsculas.
admin-coupon-off = Descuenta
admin-coupon-lasts = Duración
admin-coupon-holds = Válido para
admin-coupon-holds-hint = Planes y periodos. Nada elegido: todos.
admin-coupon-used = Usados
admin-coupon-first = Solo la primera compra
admin-coupon-forever = En cada pago
admin-coupon-percent = Porcentaje
admin-coupon-percent-hint = De 1 a 100. Vacío: el importe de abajo.
admin-coupon-months = Meses
admin-coupon-months-hint = En los pagos de tantos meses. Vacío: en el primer pago.
admin-coupon-uses = Usos en total
admin-coupon-per-customer = Usos por cliente
admin-coupon-limit-hint = Vacío: sin límite.
admin-coupon-over = Terminado
admin-coupon-add = Añadir un cupón
admin-coupon-add-ask = Quien conozca { $code } compra desde ahora con { $off } de descuento.
admin-coupon-disable = Retirar
admin-coupon-disable-ask = Nadie más puede comprar con { $code }. Quien ha comprado con él conserva su precio.
admin-done-coupon-added = El cupón está creado.
admin-done-coupon-disabled = El cupón está retirado.
admin-gifts = Códigos de regalo
admin-gifts-body = Códigos que valen saldo. Se crean por lotes y se muestran una vez; nadie puede volver a leerlos.
admin-gift-note = Nota
admin-gift-worth = Valor de cada uno
admin-gift-redeemed = Canjeados
admin-gift-count = Cuántos
admin-gift-days-hint = Después no se pueden canjear. Vacío: no antes de anular el lote.
admin-gift-make = Crear códigos de regalo
admin-gift-make-ask = { $count ->
    [one] Se crea un código por valor de { $worth }. Quien lo escriba primero lo tiene como saldo.
   *[other] Se crean { $count } códigos por valor de { $worth } cada uno. Quien escriba uno primero lo tiene como saldo.
}
admin-gift-title = Códigos de regalo nuevos
admin-gift-body = Se muestran esta única vez, un código por línea. Cópielos antes de salir de la página.
admin-gift-void = Anular
admin-gift-void-ask = Ya no se podrá canjear ningún código de este lote. Lo canjeado sigue siendo de los clientes. No se puede deshacer.
admin-done-gift-void = El lote está anulado.
error-coupon-code-invalid = Un código tiene de 3 a 32 letras, cifras y guiones.
error-coupon-code-in-use = Ya hay, o hubo, un cupón con este código.
error-period-invalid = Un periodo es month, quarter o year.
error-note-invalid = Una nota tiene como máximo 200 caracteres visibles.
error-gift-batch-known = Estos códigos ya se crearon y se muestran una sola vez. Anule el lote si se han perdido.
error-gift-batch-void = Este lote ya está anulado.
