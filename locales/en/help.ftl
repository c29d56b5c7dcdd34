# Help without waiting.
help-title = Help
help-seen = This may be it
help-else = Or is it something else?
help-go = Open that page
help-solved = That helped
help-human = Ask a human
help-back = Back
help-glad = We are glad to hear it.
faq-help = Something does not work? Find out here
admin-ticket-way = Came by
admin-help-ends = How the help ends
admin-help-body = Of the last thirty days: how often an answer was enough, and how often a human was asked.
admin-help-node = Answer
admin-help-solved = Helped
admin-help-human = Asked a human
admin-help-rate = Without a ticket
