# Les pages du site.

nav-skip = Aller au contenu
nav-label = Menu principal
nav-menu = Menu
nav-pricing = Formules
nav-faq = Questions
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
error-form-unreadable = Une partie du formulaire n’est pas arrivée. Revenez en arrière, rechargez la page et renvoyez-le ; rien n’a été modifié.
error-form-too-large = C’est plus que ce formulaire n’accepte. Rien n’a été modifié.
error-form-method = Cette page ne s’ouvre pas ainsi. Revenez à la page précédente et utilisez ses boutons.
error-session-missing = Vous avez été déconnecté. Reconnectez-vous ; rien n’a été modifié.
error-device-name-invalid = Un nom a de 1 à 40 caractères, sans saut de ligne.
error-region-unknown = Il n’y a pas de serveur dans cette région. Choisissez-en une autre.
error-server-not-free = Ce serveur n’accepte pas de nouveaux appareils pour l’instant. Choisissez-en un autre.
error-pool-exhausted = Aucune adresse n’est libre pour l’instant. Rien n’a été modifié ; réessayez plus tard.
error-key-in-use = Cette clé appartient déjà à un appareil. Rechargez la page pour en créer une autre.
error-invalid = Une partie du formulaire ne peut pas être acceptée. Rien n’a été modifié.
error-subscription-ended = Cet abonnement est terminé. Choisissez une formule pour en commencer un autre.
error-subscription-ends-already = Cet abonnement est déjà résilié.
error-subscription-not-ending = Cet abonnement n’est pas résilié.
error-no-customer = Il n’y a encore rien à gérer : choisissez d’abord une formule.

error-password-too-short = Choisissez un mot de passe d’au moins 8 caractères.
error-email-missing = Saisissez une adresse électronique, par exemple mika@example.com.
error-email-without-at = Une adresse électronique contient un @, par exemple mika@example.com.
error-email-domain-without-dot = Le domaine d’une adresse contient un point, par exemple example.com.
error-token-invalid = Ce lien est inconnu, a déjà servi ou a expiré. Connectez-vous, ou demandez-en un nouveau.
error-email-domain-ends-with-dot = Le domaine d’une adresse ne se termine pas par un point.
error-email-domain-invalid = Le domaine de cette adresse ne peut pas exister. Vérifiez ce qui suit le @.
error-email-has-invisible-characters = L’adresse contient un caractère invisible. Saisissez-la au lieu de la coller.
error-email-name-invalid = Ce qui précède le @ ne peut pas figurer dans une adresse. Vérifiez-le.
error-email-name-not-ascii = Avant le @, seuls des lettres sans accent, des chiffres et des signes sont possibles.
error-email-name-too-long = Ce qui précède le @ est trop long : 64 caractères au plus.
error-email-quoted = Saisissez l’adresse sans guillemets.
error-email-too-long = L’adresse est trop longue : 254 caractères au plus.
error-password-too-long = Le mot de passe est trop long : 1024 octets au plus.
error-password-has-nul = Le mot de passe contient un caractère qui ne se saisit pas partout. Choisissez-en un autre.
error-plan-unknown = Cette formule n’existe pas. Choisissez-en une dans la liste.
error-plan-not-for-sale = Cette formule ne peut pas être achetée pour l’instant.
error-public-key-invalid = La clé du navigateur n’est pas arrivée entière. Rechargez la page.
error-public-key-weak = Cette clé n’est pas sûre. Rechargez la page pour en créer une autre.
error-region-invalid = Cette région n’existe pas. Choisissez-en une dans la liste.
error-server-not-ready = Ce serveur n’est pas encore prêt. Choisissez-en un autre.
error-session-invalid = Vous avez été déconnecté. Reconnectez-vous ; rien n’a été modifié.
error-language-unknown = Choisissez une langue de la liste.

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
pricing-owned = Vous avez déjà la formule { $plan }. Un achat ici y ajoute un second abonnement.
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
dashboard-manage = Moyen de paiement et factures

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

servers-title = Serveurs
servers-lead = D’où votre trafic peut partir vers Internet.
servers-none = Il n’y a pas encore de serveurs.
servers-place = Lieu
servers-status = État
servers-load = Charge
servers-load-hint = Un nouvel appareil va sur un serveur qui a de la place. La charge indique à quel point un serveur est rempli.
server-up = en service
server-draining = pas de nouveaux appareils
server-down = hors service

account-overview = Aperçu
account-security = Sécurité
dashboard-manage-link = Gérer l’abonnement

subscription-ended = Terminé le { $date }.
subscription-traffic = Trafic de cette période
subscription-traffic-of = { $used } sur { $quota }
subscription-cancel-body = Si vous résiliez, vos appareils restent en ligne jusqu’au { $date } et plus rien n’est prélevé. D’ici là, vous pouvez revenir sur votre choix.
subscription-cancel = Résilier l’abonnement
subscription-resume = Garder l’abonnement
subscription-now = Terminer maintenant
subscription-now-body = Vos appareils passent hors ligne aussitôt. Les jours payés ne sont pas remboursés pour autant.
subscription-now-ask = Terminer l’abonnement maintenant ? C’est définitif.
subscription-invoices = Factures
subscription-day = Date
subscription-number = Numéro
subscription-amount = Montant
invoice-draft = brouillon
invoice-open = à payer
invoice-paid = payée
invoice-void = annulée
invoice-uncollectible = non recouvrée

security-password = Choisir un nouveau mot de passe
security-sessions = Où vous êtes connecté
security-sessions-body = Une session est conservée avec le type de navigateur et le jour, sans aucune adresse.
security-client = Navigateur
security-browser = { $browser } sous { $system }
security-seen = Dernière visite
security-this = celle-ci
security-end = Fermer
security-everywhere = Se déconnecter partout
security-language = Langue
security-language-of = Langue des pages et des messages
security-language-submit = Enregistrer la langue

device-rename = Renommer
device-rename-submit = Enregistrer le nom
device-move = Un autre serveur
device-move-body = L’appareil garde son adresse et sa clé. Son ancien serveur l’accepte aussi jusqu’à ce qu’il ait changé.
device-move-submit = Déplacer l’appareil
device-stayed = Rien n’a été modifié : { $server } est déjà le meilleur choix.
device-moved = L’appareil est maintenant sur { $server }.
device-moved-how = Dans l’application WireGuard, modifiez le tunnel : reprenez Endpoint et la PublicKey du pair ci-dessous. Le reste ne change pas.
device-rekey = Nouvelle clé
device-rekey-body = Si le fichier est perdu, ou si quelqu’un d’autre l’a : l’ancienne clé ne marche plus, et vous recevez un nouveau fichier et un nouveau code.
device-rekey-submit = Créer une nouvelle clé
device-delete-body = L’appareil passe hors ligne, et il y a de la place pour un autre.

faq-title = Questions et réponses
faq-need = De quoi ai-je besoin pour utiliser { $brand } ?
faq-need-answer = Un compte, une formule et l’application WireGuard. Elle est gratuite et existe pour Android, iOS, Windows, macOS et Linux. Il n’y a rien de nous à installer : { $brand } vous donne une configuration que l’application lit.
faq-import = Comment mettre la configuration dans l’application ?
faq-import-answer = Sur un téléphone, ouvrez l’application WireGuard, appuyez sur +, choisissez « Scanner un code QR » et visez le code de notre page. Sous Windows et macOS, téléchargez le fichier, ouvrez l’application et choisissez « Importer un tunnel depuis un fichier ».
faq-linux = Et sous Linux ?
faq-linux-answer = Installez le paquet wireguard-tools de votre distribution, placez le fichier dans /etc/wireguard/ (par exemple sous le nom mirai-laptop.conf, lisible par root seulement) et lancez : wg-quick up mirai-laptop. NetworkManager sait aussi importer le fichier.
faq-key = Qui possède ma clé privée ?
faq-key-answer = Vous seul. Votre navigateur crée la clé, et { $brand } n’en reçoit que la moitié publique. Sans JavaScript, notre serveur crée la clé pour la seule page qui l’affiche, et n’en garde aucune copie.
faq-lost-file = J’ai perdu le fichier. Puis-je le télécharger de nouveau ?
faq-lost-file-answer = Pas avec sa clé, puisque personne d’autre que vous ne l’avait. Ouvrez l’appareil dans votre espace et créez une nouvelle clé : vous recevez un nouveau fichier et un nouveau code, et les anciens ne marchent plus.
faq-devices = Combien d’appareils puis-je utiliser ?
faq-devices-answer = Autant que votre formule l’indique. Chaque appareil a son propre fichier : le même fichier sur deux appareils à la fois les perturbe tous deux.
faq-move = Puis-je changer de serveur ?
faq-move-answer = Oui, à tout moment : ouvrez l’appareil dans votre espace et choisissez une autre région. L’adresse et la clé restent ; dans l’application, vous changez deux lignes, que la page vous indique.
faq-lost-device = On m’a volé mon téléphone. Que faire ?
faq-lost-device-answer = Supprimez l’appareil dans votre espace : sa clé n’est plus acceptée. Fermez ensuite sa session sur la page « Sécurité ».
faq-pages-hang = Connecté, mais certaines pages se bloquent. Pourquoi ?
faq-pages-hang-answer = Le plus souvent, les paquets sont trop grands pour un réseau traversé, surtout dans les hôtels et sur les réseaux mobiles. Modifiez le tunnel dans l’application et réglez MTU sur 1380, puis sur 1280.
faq-local = Puis-je encore joindre mon imprimante ?
faq-local-answer = Oui : en ajoutant l’appareil, ouvrez « Plus de choix » et faites passer par le tunnel tout sauf votre réseau local.
faq-pay = Comment payer, et qui voit ma carte ?
faq-pay-answer = Sur une page de Stripe. Le numéro de votre carte va à Stripe, et jamais chez nous.
faq-failed = Que se passe-t-il si un paiement échoue ?
faq-failed-answer = Nous vous écrivons, et le paiement est retenté. Vos appareils restent en ligne trois jours après la fin de la période payée ; changez de carte sur la page « Abonnement ».
faq-cancel = Comment résilier ?
faq-cancel-answer = Sur la page « Abonnement » de votre espace, en un clic. Vous gardez ce que vous avez payé jusqu’au dernier jour et pouvez revenir sur votre choix d’ici là. Pour un remboursement, écrivez à { $support }.
faq-logs = Que conservez-vous à mon sujet ?
faq-logs-answer = Votre adresse électronique, votre formule, vos factures et vos appareils avec leurs clés publiques et leurs adresses dans le tunnel. Une session est conservée avec le type de navigateur et le jour, sans votre adresse IP. Le site compte les tentatives par adresse pour empêcher les devinettes ; il le fait en mémoire, sous forme d’une empreinte à clé qui change chaque jour.

pricing-devices = { $count ->
    [one] { $count } appareil
   *[other] { $count } appareils
}
