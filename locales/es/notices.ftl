# Avisos: sus correos, la página en la que se eligen y aquella en la que se desactivan.

mail-notice-support = ¿Preguntas? Escriba a { $support }.
mail-notice-optional = Puede prescindir de los correos de este tipo, con un clic:
mail-notice-stop = No recibir más correos de este tipo

mail-failed-subject = Ha fallado un pago de { $brand }
mail-failed-body = No hemos podido cobrar { $amount } por su suscripción a { $brand }: el pago fue rechazado.
mail-failed-online = Sus dispositivos siguen conectados hasta el { $date } (UTC).
mail-failed-offline = Sus dispositivos están desconectados hasta que se pague.
mail-failed-next = El pago se intentará de nuevo el { $date }.
mail-failed-do = Revise su forma de pago o indique otra:
mail-failed-action = Revisar mi forma de pago

mail-quota-most-subject = Ha usado la mayor parte de su volumen de datos de { $brand }
mail-quota-most-body = Ha usado el 80 % del volumen de datos de este periodo. Cuando se agote, sus dispositivos quedarán sin conexión, o irán más lentos si su plan lo prevé, hasta que termine el periodo el { $date } (UTC). Un plan mayor le da más de inmediato:
mail-quota-used-subject = Su volumen de datos de { $brand } se ha agotado
mail-quota-used-body = El volumen de datos de este periodo se ha agotado y sus dispositivos están sin conexión hasta el { $date } (UTC). Un plan mayor los recupera de inmediato:
mail-quota-slowed-body = El volumen de datos de este periodo se ha agotado. Hasta el { $date } (UTC) sus dispositivos van a { $mbit } Mbit/s. Un plan mayor los acelera de inmediato:
mail-quota-action = Ver mi consumo y los planes

mail-card-subject = La tarjeta que paga { $brand } va a caducar
mail-card-body = La tarjeta que paga su suscripción es válida hasta el { $date }. Si su banco le ha enviado una nueva, indíquela, para que el próximo pago funcione y sus dispositivos sigan conectados:
mail-card-action = Indicar una tarjeta nueva

mail-trial-subject = Su prueba de { $brand } termina pronto
mail-trial-body = Su prueba del plan { $plan } termina el { $date } (UTC). Después continúa como suscripción de pago; el precio es { $price }, menos los descuentos que tenga. Si le parece bien, no tiene que hacer nada. Si no, cancele antes de ese día y no se cobrará nada:
mail-renewal-subject = Su suscripción a { $brand } se renueva pronto
mail-renewal-body = Su plan { $plan } se renueva por otro año el { $date } (UTC). El precio es { $price }, menos los descuentos que tenga. Si le parece bien, no tiene que hacer nada. Si no, cancele antes de ese día y no se cobrará nada:
mail-price-subject = Su plan de { $brand } tendrá otro precio
mail-price-body = El precio de su plan { $plan } cambia: desde su primera renovación el { $date } (UTC) o después, un período cuesta { $new } en lugar de { $old }, menos los descuentos que tenga. Hasta entonces no cambia nada. Si le parece bien, no tiene que hacer nada. Si no, cancele antes de esa renovación y no se cobrará nada más:
mail-renewal-action = Ver mi suscripción

mail-soon-subject = Su suscripción a { $brand } termina pronto
mail-soon-body = Su suscripción al plan { $plan } termina el { $date } (UTC) y no se renueva. A partir de entonces sus dispositivos quedan sin conexión.
mail-soon-resume = Para conservarla, anule la cancelación:
mail-soon-resume-action = Mantener mi suscripción
mail-soon-longer = Para conservarla, pague otro periodo con su crédito o elija un plan:
mail-soon-longer-action = Pagar otro periodo

mail-back-subject = Sus dispositivos en { $brand } le esperan
mail-back-body = Su suscripción al plan { $plan } terminó el { $date } (UTC). Sus dispositivos se conservan como estaban: suscríbase de nuevo y volverán a conectarse con los archivos que tienen. Solo lo preguntamos una vez:

notices-title = Correos sobre su suscripción
notices-intro = Escribimos cuando hay algo que conviene saber a tiempo. Elija de qué quiere enterarse.
notices-save = Guardar la elección
notices-saved = Su elección está guardada.
notices-always = Lo que siempre llega
notices-always-body = Los correos sobre la seguridad de su cuenta y sobre el fin de su servicio, y estos:
notice-payment-failing = Un pago fue rechazado
notice-quota-used = El volumen de datos se ha agotado
notice-price-change = El precio de la suscripción cambia
notice-quota-most = Se ha usado el 80 % del volumen de datos
notice-card-expiring = La tarjeta caduca: un mes y una semana antes
notice-trial-ending = La prueba termina: tres días antes
notice-renewal-ahead = Un plan anual se renueva: un mes y una semana antes
notice-ending = Una suscripción que no renueva termina: tres días y un día antes
notice-come-back = Un día después de su fin, una sola vez

unsubscribe-title = Correos que no quiere
unsubscribe-question = Esto desactiva los correos de este tipo:
unsubscribe-submit = No recibir más estos correos
unsubscribe-done = Ya no recibirá correos de este tipo:
unsubscribe-again = Si cambia de opinión, puede volver a activarlos en su cuenta.
error-unsubscribe-link-invalid = Este enlace no está completo. Cópielo entero del correo, o inicie sesión y elija sus correos en «Seguridad».
error-notice-necessary = Estos correos son necesarios y siempre llegan.

privacy-held-subscription-cards = La tarjeta que paga una suscripción: un hash de aquello por lo que el servicio de pago la reconoce, y el mes en que caduca.
privacy-held-price-moves = Un precio de su suscripción que se le anunció y desde cuándo vale.
privacy-held-notices = Qué avisos se le enviaron, por qué y cuándo, durante algo más de un año, para que ninguno llegue dos veces.
privacy-held-notice-refusals = De qué tipos de correos prescinde, y desde cuándo.
