# Ce que disent les pages d’exploitation.

admin-title = Exploitation
admin-code-needed = Activez d’abord le code à la connexion : les pages d’exploitation ne s’ouvrent qu’avec lui.
admin-customers = Clients
admin-figures = Chiffres
admin-plans = Formules
admin-keys = Clés de l’API
admin-jobs = Tâches
admin-mails = Courriels
admin-events = Événements de Stripe
admin-audit = Journal des actes

# The customers.

admin-search = Trouver un client
admin-search-hint = Une adresse électronique, le numéro d’un compte, le numéro de client chez Stripe (cus_…), la clé publique d’un appareil ou une adresse dans le tunnel. Exactement comme c’est écrit.
admin-search-submit = Chercher
admin-unknown = Rien n’a été trouvé. Vérifiez l’orthographe.
admin-waiting = Ce qui attend
admin-waiting-dead = Tâches abandonnées
admin-waiting-jobs = Tâches en file d’attente
admin-waiting-events = Événements de Stripe pas encore appliqués
admin-waiting-servers = Serveurs en service qui ont des ennuis
admin-what = Quoi
admin-count = Nombre
admin-none = Aucun.
admin-no = non
admin-account = Compte
admin-role = Rôle
admin-joined = Inscrit
admin-verified = Adresse confirmée
admin-stripe-customer = Client chez Stripe
admin-code = Code pour les amis
admin-credit = Avoir
admin-suspended = Suspendu
admin-deleted = Supprimé
admin-sponsor = Amené par
admin-network = Réseau
admin-paid-until = Payé jusqu’au
admin-plan = Formule
admin-public-key = Clé publique
admin-paid = Payé
admin-refunded = Remboursé
admin-dispute = Litige
admin-when = Quand (UTC)
admin-rewards = Récompenses pour les amis
admin-friend = Ami
admin-sessions = Sessions
admin-letter = Lettre
admin-sent = Envoyé
admin-not-sent = pas envoyé
admin-help = Ce que vous pouvez faire
admin-suspend = Suspendre le compte
admin-suspend-ask = { $account } n’a plus accès et toutes ses sessions prennent fin. Les appareils et les paiements continuent.
admin-reinstate = Lever la suspension
admin-reinstate-ask = { $account } pourra se connecter à nouveau.
admin-end-sessions = Mettre fin à toutes les sessions
admin-end-sessions-ask = Partout où { $account } est connecté, il faudra se reconnecter. Les appareils continuent.
admin-grant = Donner un avoir
admin-grant-ask = { $account } reçoit un avoir de { $amount }. Motif : { $reason }
admin-take = Retirer un avoir
admin-take-ask = { $account } perd un avoir de { $amount }. Motif : { $reason }
admin-amount = Montant
admin-amount-hint = Par exemple 5,00.
admin-currency = Devise
admin-reason = Motif, pour le journal
admin-done-suspended = Le compte est suspendu.
admin-done-reinstated = La suspension est levée.
admin-done-sessions = Toutes les sessions ont pris fin.
admin-done-granted = L’avoir est donné.
admin-done-taken = L’avoir est retiré.
admin-refund = Rembourser un paiement
admin-refund-ask = { $account } est remboursé de { $amount } par Stripe. Motif : { $reason }
admin-refund-invoice = Paiement
admin-refund-hint = Vide pour tout ce qui reste. Rembourser en entier la période en cours met fin à l’abonnement.
admin-done-refunded = Le paiement est remboursé.
error-nothing-to-refund = Il ne reste rien à rembourser de ce paiement.
error-refund-changed = Une partie de ce paiement a été remboursée entre-temps. Regardez ce qu’il en reste avant de rembourser davantage.

# The audit log.

admin-actor = Par
admin-action = Acte
admin-subject = À
admin-detail = Détails
admin-whom = Compte ou nom
admin-whom-hint = Le numéro d’un compte, le nom d’un serveur ou d’une clé : qui agit ou qui est concerné.
admin-action-hint = Ou son début, par exemple user. pour tout ce qui touche aux comptes.
admin-filter = Montrer
admin-next = Plus anciens

# The servers.

admin-active = Actifs maintenant
admin-reported = Dernier rapport (UTC)
admin-trouble = Ennuis
admin-server-pending = pas inscrit
admin-server-retired = retiré
admin-server-add = Ajouter un serveur
admin-server-add-body = Vous recevez un jeton avec lequel sa passerelle s’inscrit, une fois et sous quinze minutes.
admin-server-add-ask = { $name } est ajouté. Les clients le voient dès qu’il est en service.
admin-country = Pays (deux lettres)
admin-city = Ville
admin-endpoint = Point d’accès (hôte:port)
admin-capacity = Appareils prévus
admin-bandwidth = Bande passante (Mbit/s)
admin-public-key-hint = Seulement pour un serveur sans notre passerelle ; avec une clé il est en service aussitôt.
admin-token = Créer un jeton
admin-token-ask = Un jeton pour inscrire une passerelle de { $name } est créé, valable quinze minutes. La précédente continue jusqu’à l’inscription de la nouvelle.
admin-token-title = Jeton de { $name }
admin-token-body = Il n’est montré que cette fois et vaut quinze minutes. Donnez-le à mirai gateway enroll sur le serveur.
admin-seen = Je l’ai conservé
admin-status-seen = État observé
admin-status-set = État fixé
admin-status-change = Changer l’état
admin-up-ask = { $name } accepte des appareils.
admin-draining-ask = { $name } garde ses appareils et n’en accepte plus. Leurs propriétaires sont priés de les déplacer.
admin-down-ask = { $name } est hors service. Ses appareils n’ont pas de réseau tant que leurs propriétaires ne les déplacent pas.
admin-retired-ask = { $name } disparaît pour de bon et les clients ne le voient plus. Ses appareils n’ont pas de réseau tant que leurs propriétaires ne les déplacent pas.
admin-gateway = Passerelle
admin-gateway-body = Un jeton permet à une nouvelle passerelle de s’inscrire. La révocation annule aussitôt l’accès de l’actuelle.
admin-revoke = Révoquer l’accès
admin-revoke-ask = La passerelle de { $name } est coupée aussitôt et le serveur est hors service. Ses appareils gardent le réseau jusqu’à la fin de leurs délais.
admin-enrolled = Inscrit (UTC)
admin-lag = Changements pas encore appliqués
admin-drops = Paquets perdus par seconde
admin-cpu = Processeurs
admin-memory = Mémoire
admin-skew = Horloge en avance de
admin-done-status = C’est fait.
admin-done-revoked = L’accès est annulé et le serveur est hors service.

# The work inside.

admin-job-dead = Abandonnées
admin-job-queued = En attente
admin-job-running = En cours
admin-attempts = Essais
admin-due = Prévu (UTC)
admin-last-error = Dernière erreur
admin-retry = Réessayer
admin-retry-all = Tout réessayer
admin-done-retried = Les tâches sont de nouveau en file d’attente.
admin-mails-body = Quelle lettre, quand, et si elle est partie, pendant un mois. Ce qu’elle dit ne se lit pas ici.
admin-events-body = Ce que Stripe nous a annoncé, sans le contenu.
admin-event = Événement
admin-received = Reçu (UTC)
admin-outcome = Résultat
admin-waits = attend

# API keys.

admin-keys-body = Clés des programmes qui appellent l’API. Le texte d’une clé est montré une fois, à sa création.
admin-opens = Ouvre
admin-opens-hint = Sans choix elle ouvre tout.
admin-everything = tout
admin-made = Créée (UTC)
admin-ends = Fin (UTC)
admin-days = Jours
admin-days-hint = Après, elle prend fin d’elle-même. Vide : pas avant d’être révoquée.
admin-key-add = Ajouter une clé
admin-key-add-ask = La clé { $name } est créée. Qui la possède peut appeler l’API.
admin-key-title = Clé { $name }
admin-key-body = Elle n’est montrée que cette fois. Conservez-la là où son programme la lit.
admin-key-revoke = Révoquer
admin-key-revoke-ask = La clé { $name } n’ouvre plus rien sous cinq secondes. C’est irréversible.
admin-done-key-revoked = La clé est révoquée.

# Plans.

admin-plans-body = Qui a acheté garde ce qui était convenu jusqu’au changement de formule.
admin-plan-body = Un champ vide est sans limite ; une vitesse ensuite vide coupe les appareils une fois le volume épuisé. Un nouveau prix est vendu dès que mirai admin stripe sync a été lancé.
admin-plan-set = Changer la formule
admin-plan-set-ask = { $name } est vendue ainsi désormais. Qui a acheté garde ce qui était convenu.
admin-price = Prix
admin-quota = Volume par période (Go)
admin-speed = Vitesse (Mbit/s)
admin-slow = Vitesse ensuite (Mbit/s)
admin-no-limit = sans limite
admin-off = coupé
admin-stripe-price = Prix chez Stripe
admin-prices-now = Prix actuels
admin-prices-so-far = Prix jusqu’ici
admin-trial = Jours gratuits au début
admin-plan-regions = Régions, séparées par des virgules (vide : toutes)
admin-listed = Dans la liste des prix
admin-price-set = Fixer un prix
admin-price-body = Pour une autre période ou une autre devise. Il est en vente dès que mirai admin stripe sync a été exécuté. Sans montant, il quitte la liste ; qui a acheté à ce prix le garde.
admin-period = Fréquence
admin-sync = Créer les prix chez Stripe
admin-sync-body = Crée ce qui y manque, pour toutes les formules. Alors seulement un nouveau prix est en vente ; ce que quelqu’un paie reste.
admin-done-sync = Tous les prix sont chez Stripe.
admin-move = Amener les clients actuels à ces prix
admin-move-body = Qui a acheté garde ce qui était convenu jusqu’à nouvel avis. Ceci écrit à tous ceux qui paient un autre prix que celui de la liste ; un prix plus élevé vaut dès le premier renouvellement après le préavis, un prix plus bas dès le prochain.
admin-move-days = Jours de préavis
admin-move-ask = Par courriel maintenant : { $raised } paieront plus, { $lowered } moins. { $left } restent tels quels : la liste n’a pas de prix pour leur période et leur devise, ou ils ont choisi une autre formule.
admin-done-move = Les clients sont prévenus.
admin-done-plan = La formule est changée.

# Figures.

admin-figures-body = Des livres, des abonnements et des rapports des passerelles, par mois et par jour en UTC.
admin-as-table = En tableau
admin-month = Mois
admin-revenue = Revenus en { $currency }
admin-revenue-body = Ce qui a été vendu moins ce qui est revenu, par mois. Le plus haut : { $most }.
admin-sold = Vendu
admin-disputed = Contesté
admin-kept = Conservé
admin-tax = Taxes
admin-subscriptions = Abonnements actifs
admin-subscriptions-body = À la fin de chaque mois. Le plus haut : { $most }. Chaque période payée avec un avoir compte à part.
admin-before = Au début
admin-began = Commencés
admin-ended = Terminés
admin-after = À la fin
admin-churn = Départs
admin-traffic = Trafic du réseau
admin-traffic-body = Par jour, tous les appareils ensemble. Le plus haut : { $most }.
admin-from-devices = Des appareils
admin-to-devices = Vers les appareils
admin-load = Charge des serveurs maintenant

# What can go wrong.

error-operator-own-account = C’est votre propre compte. Un autre opérateur doit le faire.
error-operator-team-account = C’est un compte de l’équipe. Seul un administrateur peut le faire.
error-account-not-suspended = Ce compte n’est pas suspendu.
error-reason-invalid = Dites pourquoi, en 1 à 200 caractères.
error-amount-invalid = Un montant comme 5,00, jusqu’à 10 000,00.
error-currency-invalid = Trois lettres, comme USD.
error-movement-known = C’était déjà fait. Rien n’a été changé de nouveau.
error-server-name-invalid = 1 à 40 parmi : a à z, 0 à 9, trait d’union.
error-endpoint-invalid = hôte:port, comme vpn1.example.net:51820.
error-country-invalid = Deux lettres, comme JP.
error-city-invalid = 1 à 64 caractères imprimables.
error-number-invalid = Ce nombre n’est pas accepté.
error-server-status-unknown = Cet état n’existe pas. Choisissez-en un dans la liste.
error-server-not-enrolled = Ce serveur n’a pas de clé. Inscrivez d’abord sa passerelle.
error-server-no-gateway = Ce serveur n’a pas de passerelle.
error-server-key-in-use = Un serveur a déjà cette clé.
error-name-in-use = Ce nom est pris.
error-name-invalid = Un nom a de 1 à 64 caractères imprimables.
error-scope-unknown = Cette partie de l’API n’existe pas.
