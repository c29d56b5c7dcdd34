# Help without waiting.
help-title = Ayuda
help-seen = Puede que sea esto
help-else = ¿O es otra cosa?
help-go = Abrir la página
help-solved = Me ha servido
help-human = Preguntar a una persona
help-back = Atrás
help-glad = Nos alegramos.
faq-help = ¿Algo no funciona? Averígüelo aquí
admin-ticket-way = Llegó por
admin-help-ends = Cómo termina la ayuda
admin-help-body = De los últimos treinta días: cuántas veces bastó una respuesta y cuántas se preguntó a una persona.
admin-help-node = Respuesta
admin-help-solved = Sirvió
admin-help-human = Preguntó a una persona
admin-help-rate = Sin tique
