# Lo que dicen las páginas de operación.

admin-title = Operación
admin-code-needed = Active primero el código al iniciar sesión: las páginas de operación solo se abren con él.
admin-customers = Clientes
admin-figures = Cifras
admin-plans = Planes
admin-keys = Claves de la API
admin-jobs = Tareas
admin-mails = Correos
admin-events = Eventos de Stripe
admin-audit = Registro de actos

# The customers.

admin-search = Buscar un cliente
admin-search-hint = Una dirección de correo, el número de una cuenta, el número de cliente en Stripe (cus_…), la clave pública de un dispositivo o una dirección en el túnel. Tal como está escrito.
admin-search-submit = Buscar
admin-unknown = No se ha encontrado nada. Compruebe cómo está escrito.
admin-waiting = Lo que espera
admin-waiting-dead = Tareas abandonadas
admin-waiting-jobs = Tareas en la cola
admin-waiting-events = Eventos de Stripe aún no aplicados
admin-waiting-servers = Servidores en servicio con problemas
admin-what = Qué
admin-count = Número
admin-none = Ninguno.
admin-no = no
admin-account = Cuenta
admin-role = Función
admin-joined = Registrado
admin-verified = Dirección confirmada
admin-stripe-customer = Cliente en Stripe
admin-code = Código para amigos
admin-credit = Saldo
admin-suspended = Suspendido
admin-deleted = Eliminado
admin-sponsor = Traído por
admin-network = Red
admin-paid-until = Pagado hasta
admin-plan = Plan
admin-public-key = Clave pública
admin-paid = Pagado
admin-refunded = Reembolsado
admin-dispute = Disputa
admin-when = Cuándo (UTC)
admin-rewards = Recompensas por amigos
admin-friend = Amigo
admin-sessions = Sesiones
admin-letter = Carta
admin-sent = Enviado
admin-not-sent = sin enviar
admin-help = Lo que puede hacer
admin-suspend = Suspender la cuenta
admin-suspend-ask = { $account } queda fuera y todas sus sesiones terminan. Los dispositivos y los pagos continúan.
admin-reinstate = Levantar la suspensión
admin-reinstate-ask = { $account } podrá iniciar sesión de nuevo.
admin-end-sessions = Terminar todas las sesiones
admin-end-sessions-ask = Allí donde { $account } tenga una sesión, tendrá que iniciarla de nuevo. Los dispositivos continúan.
admin-grant = Dar saldo
admin-grant-ask = { $account } recibe { $amount } de saldo. Motivo: { $reason }
admin-take = Quitar saldo
admin-take-ask = { $account } pierde { $amount } de saldo. Motivo: { $reason }
admin-amount = Importe
admin-amount-hint = Por ejemplo 5,00.
admin-currency = Moneda
admin-reason = Motivo, para el registro
admin-done-suspended = La cuenta está suspendida.
admin-done-reinstated = La suspensión está levantada.
admin-done-sessions = Todas las sesiones han terminado.
admin-done-granted = El saldo está dado.
admin-done-taken = El saldo está quitado.
admin-refund = Reembolsar un pago
admin-refund-ask = { $account } recupera { $amount } a través de Stripe. Motivo: { $reason }
admin-refund-invoice = Pago
admin-refund-hint = Vacío para todo lo que queda. Reembolsar entero el periodo en curso termina la suscripción.
admin-done-refunded = El pago está reembolsado.
error-nothing-to-refund = De este pago no queda nada por reembolsar.
error-refund-changed = Mientras tanto se ha reembolsado una parte de este pago. Mire lo que queda antes de reembolsar más.

# The audit log.

admin-actor = Por
admin-action = Acto
admin-subject = A
admin-detail = Detalles
admin-whom = Cuenta o nombre
admin-whom-hint = El número de una cuenta, el nombre de un servidor o de una clave: quien actúa o quien lo recibe.
admin-action-hint = O cómo empieza, por ejemplo user. para todo lo que se hace con las cuentas.
admin-filter = Mostrar
admin-next = Anteriores

# The servers.

admin-active = Activos ahora
admin-reported = Último informe (UTC)
admin-trouble = Problemas
admin-server-pending = sin inscribir
admin-server-retired = retirado
admin-server-add = Añadir un servidor
admin-server-add-body = Recibirá un token con el que su gateway se inscribe, una vez y en quince minutos.
admin-server-add-ask = Se añade { $name }. Los clientes lo ven cuando esté en servicio.
admin-country = País (dos letras)
admin-city = Ciudad
admin-endpoint = Extremo (host:puerto)
admin-capacity = Dispositivos previstos
admin-bandwidth = Ancho de banda (Mbit/s)
admin-public-key-hint = Solo para un servidor sin nuestro gateway; con una clave está en servicio enseguida.
admin-token = Crear un token
admin-token-ask = Se crea un token para inscribir un gateway de { $name }, válido quince minutos. El anterior sigue hasta que se inscriba el nuevo.
admin-token-title = Token de { $name }
admin-token-body = Se muestra esta única vez y vale quince minutos. Déselo a mirai gateway enroll en el servidor.
admin-seen = Lo he guardado
admin-status-seen = Estado observado
admin-status-set = Estado fijado
admin-status-change = Cambiar el estado
admin-up-ask = { $name } acepta dispositivos.
admin-draining-ask = { $name } conserva sus dispositivos y no acepta nuevos. Se pide a sus dueños que los muevan.
admin-down-ask = { $name } queda fuera de servicio. Sus dispositivos no tienen red hasta que sus dueños los muevan.
admin-retired-ask = { $name } desaparece para siempre y los clientes ya no lo ven. Sus dispositivos no tienen red hasta que sus dueños los muevan.
admin-gateway = Gateway
admin-gateway-body = Con un token se inscribe un gateway nuevo. La revocación anula de inmediato la credencial del actual.
admin-revoke = Revocar la credencial
admin-revoke-ask = El gateway de { $name } se corta de inmediato y el servidor queda fuera de servicio. Sus dispositivos conservan la red hasta que venzan sus plazos.
admin-enrolled = Inscrito (UTC)
admin-lag = Cambios que aún no ha aplicado
admin-drops = Paquetes perdidos por segundo
admin-cpu = Procesadores
admin-memory = Memoria
admin-skew = Reloj adelantado
admin-done-status = Hecho.
admin-done-revoked = La credencial está anulada y el servidor fuera de servicio.

# The work inside.

admin-job-dead = Abandonadas
admin-job-queued = En espera
admin-job-running = En marcha
admin-attempts = Intentos
admin-due = Para (UTC)
admin-last-error = Último error
admin-retry = Intentar de nuevo
admin-retry-all = Intentar todas de nuevo
admin-done-retried = Las tareas están de nuevo en la cola.
admin-mails-body = Qué carta, cuándo y si salió, durante un mes. Lo que dice no se lee aquí.
admin-events-body = Lo que Stripe nos ha comunicado, sin su contenido.
admin-event = Evento
admin-received = Recibido (UTC)
admin-outcome = Resultado
admin-waits = espera

# API keys.

admin-keys-body = Claves de los programas que llaman a la API. El texto de una clave se muestra una vez, al crearla.
admin-opens = Abre
admin-opens-hint = Sin elección lo abre todo.
admin-everything = todo
admin-made = Creada (UTC)
admin-ends = Termina (UTC)
admin-days = Días
admin-days-hint = Después termina por sí sola. Vacío: no antes de revocarla.
admin-key-add = Añadir una clave
admin-key-add-ask = Se crea la clave { $name }. Quien la tenga puede llamar a la API.
admin-key-title = Clave { $name }
admin-key-body = Se muestra esta única vez. Guárdela donde la lea su programa.
admin-key-revoke = Revocar
admin-key-revoke-ask = La clave { $name } deja de abrir nada en cinco segundos. No se puede deshacer.
admin-done-key-revoked = La clave está revocada.

# Plans.

admin-plans-body = Quien ha comprado conserva lo acordado hasta que cambie su plan.
admin-plan-body = Un campo vacío es sin límite; una velocidad posterior vacía corta los dispositivos cuando se agota el volumen. Un precio nuevo se vende cuando se haya ejecutado mirai admin stripe sync.
admin-plan-set = Cambiar el plan
admin-plan-set-ask = { $name } se vende así desde ahora. Quien ha comprado conserva lo acordado.
admin-price = Precio
admin-quota = Volumen por periodo (GB)
admin-speed = Velocidad (Mbit/s)
admin-slow = Velocidad posterior (Mbit/s)
admin-no-limit = sin límite
admin-off = cortado
admin-stripe-price = Precio en Stripe
admin-prices-now = Precios de ahora
admin-prices-so-far = Precios hasta ahora
admin-trial = Días gratis al principio
admin-plan-regions = Regiones, separadas por comas (vacío: todas)
admin-listed = En la lista de precios
admin-price-set = Fijar un precio
admin-price-body = Para otro periodo u otra moneda. Se puede comprar cuando se haya ejecutado mirai admin stripe sync. Sin importe sale de la lista; quien compró a ese precio lo conserva.
admin-period = Frecuencia
admin-sync = Crear los precios en Stripe
admin-sync-body = Crea lo que allí falta, para todos los planes. Solo entonces se vende un precio nuevo; lo que alguien paga sigue igual.
admin-done-sync = Todos los precios están en Stripe.
admin-move = Llevar a los clientes actuales a estos precios
admin-move-body = Quien ha comprado conserva lo acordado hasta nuevo aviso. Esto escribe a todos los que pagan un precio distinto del de la lista; uno más alto se cobra desde la primera renovación tras el aviso, uno más bajo desde la próxima.
admin-move-days = Días de aviso
admin-move-ask = Por correo ahora: { $raised } pagarán más, { $lowered } menos. { $left } siguen igual: la lista no tiene precio para su periodo y moneda, o han elegido otro plan.
admin-done-move = Los clientes están avisados.
admin-done-plan = El plan está cambiado.

# Figures.

admin-figures-body = De los libros, las suscripciones y los informes de los gateways, por mes y día en UTC.
admin-as-table = Como tabla
admin-month = Mes
admin-revenue = Ingresos en { $currency }
admin-revenue-body = Lo vendido menos lo devuelto, por mes. El más alto: { $most }.
admin-sold = Vendido
admin-disputed = Disputado
admin-kept = Conservado
admin-tax = Impuestos
admin-subscriptions = Suscripciones activas
admin-subscriptions-body = Al final de cada mes. El más alto: { $most }. Cada periodo pagado con saldo cuenta por separado.
admin-before = Al principio
admin-began = Empezaron
admin-ended = Terminaron
admin-after = Al final
admin-churn = Bajas
admin-traffic = Tráfico de la red
admin-traffic-body = Por día, todos los dispositivos juntos. El más alto: { $most }.
admin-from-devices = Desde los dispositivos
admin-to-devices = Hacia los dispositivos
admin-load = Carga de los servidores ahora

# What can go wrong.

error-operator-own-account = Es su propia cuenta. Debe hacerlo otro operador.
error-operator-team-account = Es una cuenta del equipo. Solo un administrador puede hacerlo.
error-account-not-suspended = Esta cuenta no está suspendida.
error-reason-invalid = Diga por qué, en 1 a 200 caracteres.
error-amount-invalid = Un importe como 5,00, hasta 10.000,00.
error-currency-invalid = Tres letras, como USD.
error-movement-known = Ya estaba hecho. No se ha vuelto a cambiar nada.
error-server-name-invalid = De 1 a 40 de: a a z, 0 a 9, guion.
error-endpoint-invalid = host:puerto, como vpn1.example.net:51820.
error-country-invalid = Dos letras, como JP.
error-city-invalid = De 1 a 64 caracteres imprimibles.
error-number-invalid = Este número no se acepta.
error-server-status-unknown = No existe ese estado. Elija uno de la lista.
error-server-not-enrolled = Este servidor no tiene clave. Inscriba primero su gateway.
error-server-no-gateway = Este servidor no tiene gateway.
error-server-key-in-use = Un servidor ya tiene esta clave.
error-name-in-use = Este nombre está ocupado.
error-name-invalid = Un nombre tiene de 1 a 64 caracteres imprimibles.
error-scope-unknown = No existe esa parte de la API.
