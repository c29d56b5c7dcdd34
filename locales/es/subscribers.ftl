# Mails of incidents and webhooks: asking for them, what they say, and the operators’ page.

status-subscribe = Correos sobre incidencias
status-subscribe-body = Escribimos cuando empieza una incidencia, cuando hay novedades, cuando termina y cuando se anuncian trabajos.
status-subscribe-submit = Recibir estos correos
status-subscribe-sent = Si esta dirección aún no recibe estos correos, va de camino uno con un enlace. El enlace vale un día.
status-confirm-body = Con este botón su dirección empieza a recibir correos sobre incidencias.
status-confirm-submit = Sí, escríbanme
status-confirm-done = Desde ahora su dirección recibe correos sobre incidencias. Cada uno lleva un enlace para dejar de recibirlos.
status-mails = Incidencias y mantenimiento, desde la página de estado
unsubscribe-again-status = Si cambia de opinión, puede pedirlos de nuevo en la página de estado.
error-subscribe-link-invalid = Este enlace no está completo o tiene más de un día. Pida otro en la página de estado.

mail-status-confirm-subject = ¿Correos sobre incidencias de { $brand }?
mail-status-confirm-body = Alguien, esperamos que usted, quiere recibir correos en esta dirección cuando algo no funcione en { $brand }. Para recibirlos, abra este enlace antes de un día y pulse el botón:
mail-status-confirm-action = Recibir correos sobre incidencias
mail-status-confirm-after = Si no fue usted, no haga nada: no escribiremos más y olvidaremos la dirección en un día.
mail-status-opened-subject = Incidencia: { $what }
mail-status-updated-subject = Novedades de una incidencia: { $what }
mail-status-resolved-subject = Ha terminado: { $what }
mail-status-work-subject = Mantenimiento: { $what }
mail-status-canceled-subject = Cancelado: { $what }
mail-status-canceled-body = Este mantenimiento no se realizará.
mail-status-body = { $what }: una incidencia desde { $since }.
mail-status-action = Ver la página de estado
mail-status-optional = Puede dejar de recibir estos correos con un clic:
mail-status-stop = No recibir más estos correos
mail-status-footer = Recibe este correo porque esta dirección se indicó en la página de estado de { $brand }.

admin-subscribers = Suscriptores
admin-subscribers-count = Reciben correos sobre incidencias: { $confirmed }. Preguntados que no han dicho que sí: { $waiting }.
admin-subscriber-remove = Olvidar esta dirección
admin-done-subscriber-removed = La dirección está olvidada.
error-subscriber-unknown = Esta dirección no recibe correos sobre incidencias.
admin-webhooks = Webhooks
admin-webhooks-body = Programas propios que se enteran de lo mismo que los suscriptores, con mensajes firmados.
admin-webhook-url = URL
admin-webhook-url-hint = Una URL https de la internet pública.
admin-webhook-state = Estado
admin-webhook-works = Funciona
admin-webhook-failing = Sin respuesta desde { $at }: { $trouble }
admin-webhook-disabled = Abandonado, { $at }: { $trouble }
admin-webhook-add = Añadir un webhook
admin-webhook-add-ask = Cada incidencia se enviará entonces a { $url }.
admin-webhook-resume = Volver a intentar
admin-webhook-remove = Quitar
admin-webhook-remove-ask = No se enviará nada más allí, y su secreto se olvida.
admin-done-webhook-resumed = El webhook vuelve a recibir mensajes.
admin-done-webhook-removed = El webhook está quitado.
admin-webhook-secret = El secreto del webhook
admin-webhook-secret-body = Con él, el receptor comprueba que un mensaje es nuestro. Se muestra esta única vez.
error-webhook-url-invalid = Escriba una URL https de 500 caracteres como máximo, sin nombre ni contraseña.
error-webhook-url-not-public = Esto no lleva a la internet pública.
error-webhooks-full = No caben más webhooks. Quite uno primero.

privacy-held-status-subscribers = Direcciones que reciben correos sobre incidencias, en qué idioma y desde cuándo, hasta que se terminan con un clic; las que se preguntaron y no dijeron que sí, durante un día.
privacy-held-status-tellings = Cuáles de esos correos se enviaron a un suscriptor, durante un mes, para que ninguno llegue dos veces.
