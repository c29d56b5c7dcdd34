# Correos a los clientes.

mail-footer = Recibe este correo porque tiene una cuenta en { $brand }.

mail-verify-subject = Confirme su dirección para { $brand }
mail-verify-body = Le damos la bienvenida a { $brand }. Abra este enlace para confirmar que esta dirección es suya:
mail-verify-action = Confirmar mi dirección
mail-verify-after = El enlace funciona una sola vez, durante 24 horas. Si no se ha registrado, ignore este correo: no pasará nada.

mail-already-subject = Ya tiene una cuenta en { $brand }
mail-already-body = Alguien, probablemente usted, ha intentado registrarse en { $brand } con esta dirección. Ya tiene una cuenta. Inicie sesión aquí:
mail-already-login = Iniciar sesión
mail-already-forgotten = Si ha olvidado su contraseña, elija una nueva aquí:
mail-already-reset = Elegir una contraseña nueva
mail-already-after = Si no ha sido usted, ignore este correo: no se ha cambiado nada.

mail-reset-subject = Elija una contraseña nueva para { $brand }
mail-reset-body = Ha pedido una contraseña nueva en { $brand }. Elíjala aquí:
mail-reset-action = Elegir una contraseña nueva
mail-reset-after = El enlace funciona una sola vez, durante una hora. Si no lo ha pedido, ignore este correo: su contraseña sigue como está.

mail-password-changed-subject = Se ha cambiado su contraseña de { $brand }
mail-password-changed-body = La contraseña de su cuenta de { $brand } acaba de cambiarse y se han cerrado todas las demás sesiones.

mail-started-subject = Su suscripción a { $brand } está activa
mail-started-body = Su pago ha llegado y el plan { $plan } está activo. Añada su primer dispositivo:
mail-started-action = Añadir un dispositivo

mail-ending-subject = Su suscripción a { $brand } terminará
mail-ending-body = Su suscripción está cancelada. Puede usarla hasta el { $until } (UTC); hasta entonces puede anular la cancelación en su panel.

mail-ended-subject = Su suscripción a { $brand } ha terminado
mail-ended-body = Su suscripción a { $brand } ha terminado y sus dispositivos están desconectados. Sus nombres se conservan; vuelva a suscribirse para recuperarlos:
mail-ended-action = Ver los planes

mail-not-you = Si no ha sido usted, escriba enseguida a { $support }.
mail-signed-in-subject = Nuevo inicio de sesión en { $brand }
mail-signed-in-body = El { $day } (UTC) se usó su cuenta de { $brand } con { $client }, donde no se había usado antes. Si fue usted, no tiene que hacer nada. Si no, cierre esa sesión y cambie su contraseña:
mail-signed-in-action = Revisar mis sesiones
mail-second-factor-subject = Ha cambiado el código de inicio de sesión de { $brand }
mail-second-factor-body = El código que su cuenta de { $brand } pide al iniciar sesión se ha activado o desactivado, o tiene nuevos códigos de recuperación.
mail-address-confirm-subject = Confirme su nueva dirección para { $brand }
mail-address-confirm-body = Abra este enlace para que esta sea la dirección de su cuenta de { $brand }:
mail-address-confirm-action = Usar esta dirección
mail-address-confirm-after = El enlace funciona una sola vez, durante una hora. Si no lo ha pedido, ignore este correo: no pasará nada.
mail-address-changing-subject = Se ha pedido otra dirección para { $brand }
mail-address-changing-body = Alguien que conoce su contraseña ha pedido cambiar la dirección de su cuenta de { $brand }. Mientras no se abra el enlace del correo enviado a la nueva dirección, no cambia nada.
mail-address-changed-subject = Su cuenta de { $brand } tiene otra dirección
mail-address-changed-body = La dirección de su cuenta de { $brand } ha cambiado; esta ya no le pertenece.
mail-deleted-subject = Su cuenta de { $brand } está eliminada
mail-deleted-body = Su cuenta de { $brand } se ha eliminado, sus dispositivos están desconectados y no se cobrará nada más. Las facturas se conservan como exige la ley, sin su nombre.

mail-disputed-subject = Se ha impugnado un pago de { $brand }
mail-disputed-body = Su banco nos comunica que se ha impugnado un pago de su suscripción a { $brand }. Hasta que se decida, sus dispositivos están desconectados.
mail-disputed-after = Si es un error, retire la impugnación en su banco o escriba a { $support }.

mail-reward-subject = { $amount } por un amigo
mail-reward-body = Un amigo suyo se ha quedado y { $amount } son suyos. El saldo paga un periodo sin tarjeta:
mail-reward-action = Ver mis amigos y mi saldo

mail-alarm-subject = { $brand }: algo le necesita
mail-alarm-body = Una comprobación nocturna encontró lo que no debería ser. Qué hacer está en docs/operations.md.
mail-alarm-action = Abrir las páginas de operación
mail-outage-subject = { $server } no responde
mail-outage-body = { $server } no funciona desde { $since }. Se avisa una sola vez; llegará otro correo cuando vuelva a funcionar.
mail-outage-action = Ver el estado
mail-outage-over-subject = { $server } vuelve a funcionar
mail-outage-over-body = { $server } no funcionó desde { $since } hasta { $until } y vuelve a funcionar.
mail-server-away-subject = Un servidor de { $brand } no se puede usar
mail-server-away-body = El servidor { $server } no responde o va a dejar de funcionar. Estos dispositivos lo usan: { $devices }. Muévalos a otro servidor con un clic y dé después a la aplicación su nueva configuración:
mail-server-away-action = Mover mis dispositivos
