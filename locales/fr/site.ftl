# Les pages du site.

nav-skip = Aller au contenu
nav-label = Menu principal
nav-menu = Menu
nav-pricing = Formules
nav-dashboard = Mon espace
nav-login = Se connecter
nav-logout = Se déconnecter
nav-register = S’inscrire

error-home = Retour à l’accueil
error-title-not-found = Il n’y a rien ici
error-title-too-many = Trop de tentatives
error-title-busy = Un instant
error-title-internal = Une erreur de notre côté
error-title-refused = Cela n’a pas fonctionné
error-not-found = La page n’existe pas, ou vous ne pouvez pas la voir.
error-too-many-requests = Attendez une minute, puis réessayez. Rien n’a été modifié.
error-unavailable = Le service est occupé. Rien n’a été modifié ; réessayez dans quelques secondes.
error-internal = Rien n’a été modifié. Réessayez ; si cela persiste, écrivez à l’assistance.
error-cross-site = Ce formulaire venait d’un autre site. Ouvrez notre page et envoyez-le de nouveau.
error-credentials-invalid = L’adresse ou le mot de passe est incorrect.
error-email-unverified = Confirmez d’abord votre adresse : ouvrez le lien de notre message.
error-account-suspended = Ce compte est suspendu. Écrivez à l’assistance.
error-device-limit = Votre formule n’a plus de place pour un appareil. Supprimez-en un, ou choisissez une formule plus grande.
error-no-subscription = Choisissez d’abord une formule ; ajoutez ensuite vos appareils.
error-no-server-free = Aucun serveur n’a de place pour l’instant. Rien n’a été modifié ; essayez une autre région ou réessayez bientôt.

error-password-too-short = Choisissez un mot de passe d’au moins 8 caractères.
error-email-missing = Saisissez une adresse électronique, par exemple mika@example.com.
error-email-without-at = Une adresse électronique contient un @, par exemple mika@example.com.
error-email-domain-without-dot = Le domaine d’une adresse contient un point, par exemple example.com.
error-token-invalid = Ce lien est inconnu, a déjà servi ou a expiré. Connectez-vous, ou demandez-en un nouveau.

home-title = Un chemin privé vers Internet
home-lead = Une configuration WireGuard pour chacun de vos appareils, prête dès le paiement.
home-plans = Voir les formules
home-how = Comment ça marche
home-step-register = Inscrivez-vous avec une adresse électronique.
home-step-pay = Choisissez une formule et payez.
home-step-connect = Ajoutez un appareil et ouvrez son fichier dans l’application WireGuard.

pricing-title = Formules
pricing-lead = Résiliez à tout moment ; vous gardez ce que vous avez payé jusqu’au dernier jour.
pricing-a-month = par mois
pricing-a-year = par an
pricing-devices-unlimited = Appareils sans limite (usage raisonnable : 50)
pricing-quota = { $size } de trafic
pricing-quota-none = Trafic sans limite
pricing-buy = Acheter
pricing-not-for-sale = Pas en vente pour l’instant

field-email = Adresse électronique
field-password = Mot de passe
field-name = Nom

register-title = S’inscrire
register-password-hint = Au moins 8 caractères. Long vaut mieux que compliqué.
register-submit = Créer mon compte
register-known = Vous avez déjà un compte ?

check-mail-title = Consultez vos messages
check-mail-body = Nous avons envoyé un message à { $email }. Ouvrez le lien qu’il contient pour continuer.
check-mail-again = Renvoyer le message

verify-title = Confirmez votre adresse
verify-body = Un clic, et votre compte est prêt.
verify-submit = Confirmer mon adresse

login-title = Se connecter
login-verified = Votre adresse est confirmée. Vous pouvez vous connecter.
login-submit = Se connecter
login-new = Pas encore de compte ?

login-forgotten = Mot de passe oublié ?
forgot-title = Mot de passe oublié
forgot-body = Nous vous envoyons un lien pour en choisir un nouveau.
forgot-submit = Envoyer le lien
forgot-sent = Si cette adresse a un compte, un message lui est envoyé.
reset-title = Choisir un nouveau mot de passe
reset-password = Nouveau mot de passe
reset-submit = Enregistrer le mot de passe
dashboard-manage = Moyen de paiement, factures, résiliation

thanks-title = Merci
thanks-active = Votre abonnement est actif.
thanks-processing = Votre paiement est en cours. Cette page avance d’elle-même.
thanks-late = Cela prend plus de temps que d’habitude. Vous pouvez fermer cette page : nous vous écrirons quand ce sera fait.
thanks-not-paid = Cet achat n’a pas été payé.

dashboard-subscription = Abonnement
dashboard-on = actif
dashboard-off = inactif
dashboard-paid-until = Payé jusqu’au { $date }.
dashboard-ends = Résilié : se termine le { $date }.
dashboard-no-plan = Vous n’avez pas encore de formule.
dashboard-devices = Appareils
dashboard-no-devices = Aucun appareil pour l’instant.
dashboard-add = Ajouter un appareil

device-key-here = La clé est créée dans ce navigateur et ne le quitte jamais.
device-key-server = Sans JavaScript, notre serveur crée la clé, pour cette seule réponse, et ne la conserve pas.
device-offline = Le réseau n’a pas répondu. Rien n’est perdu : réessayez.
device-qr-label = Code QR de la configuration
device-name-hint = Pour les distinguer, par exemple « téléphone ».
device-region = Région
device-region-best = Le meilleur serveur
device-more = Plus de choix
device-mtu-hint = Gardez 1420 sauf si des pages bloquent ; essayez alors 1380, puis 1280.
device-routes = Ce qui passe par le tunnel
device-routes-all = Tout
device-routes-local = Tout sauf mon réseau local (imprimantes, partages)
device-create = Créer la configuration
device-made-title = Votre configuration
device-made-body = Enregistrez le fichier ou scannez le code maintenant : la clé qu’il contient n’existe nulle part ailleurs.
device-made-once = Copiez-la maintenant : la clé qu’elle contient a été créée pour cette page et n’existe nulle part ailleurs.
device-download = Télécharger le fichier
device-copy = Copier
device-copied = Copié
device-page = Voir l’appareil
device-server = Serveur
device-since = Depuis
device-address = Adresse dans le tunnel
device-config = Configuration
device-config-blank = La clé privée est laissée vide : seul votre appareil la possède.
device-delete = Supprimer l’appareil
device-keep = Le garder
device-delete-ask = Supprimer { $name } ? Il est hors ligne aussitôt.

pricing-devices = { $count ->
    [one] { $count } appareil
   *[other] { $count } appareils
}
