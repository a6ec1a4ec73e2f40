import type { Messages } from './en.ts';
import { pluralIn } from './plural.ts';

const plural = pluralIn('fr');

export const fr: Messages = {
  skip: 'Aller au contenu',
  languages: 'Langue',
  problem: 'Problème',
  optional: '(facultatif)',
  comma: ', ',
  colon: ' : ',
  back: 'Retour',
  cancel: 'Annuler',
  save: 'Enregistrer',
  email: 'Adresse e-mail',
  password: 'Mot de passe',
  name: 'Nom',
  code: 'Code',
  passwordRule: (least) =>
    `Au moins ${least} caractères. Quelques mots sans rapport entre eux sont faciles à retenir ` +
    'et difficiles à deviner.',
  retryIn: (minutes) =>
    plural(minutes, {
      one: 'Réessayez dans une minute.',
      other: `Réessayez dans ${minutes} minutes.`,
    }),
  charactersMissing: 'Caractères manquants :',
  charactersEnough: 'La longueur suffit.',
  moment: 'Un instant…',
  pasteLink: 'Lien ou code reçu par e-mail',
  pasteLinkHint:
    'Copiez le lien entier depuis l’e-mail et collez-le ici. Rien ne se passe tant que vous ' +
    'n’appuyez pas sur le bouton.',

  signIn: {
    title: 'Se connecter',
    action: 'Se connecter',
    forgot: 'Mot de passe oublié ?',
    byCode: 'Recevoir plutôt un code par e-mail',
    noAccount: 'Pas encore de compte ?',
    register: 'Créer un compte',
    done: {
      'signed-out': 'Vous avez fermé votre session.',
      'password-reset': 'Votre nouveau mot de passe est défini. Utilisez-le pour vous connecter.',
      'change-undone':
        'Votre compte a retrouvé son ancienne adresse, et chaque appareil a été déconnecté. ' +
        'Choisissez maintenant un nouveau mot de passe avec « Mot de passe oublié ? ».',
      deleted: 'Votre compte a été supprimé.',
      expired: 'Votre session est terminée. Reconnectez-vous.',
    },
  },
  register: {
    title: 'Créer un compte',
    action: 'Créer le compte',
    hasAccount: 'Vous avez déjà un compte ?',
    signIn: 'Se connecter',
    closed:
      'Les nouveaux comptes se créent uniquement sur invitation. Adressez-vous aux responsables ' +
      'du service.',
  },
  codePage: {
    title: 'Saisir le code',
    sent: (address) => `Nous avons envoyé un code à six chiffres à ${address}.`,
    sentLink:
      'L’e-mail contient aussi un lien, que vous pouvez ouvrir sur cet appareil à la place.',
    app: 'Saisissez les six chiffres que votre application d’authentification affiche maintenant.',
    recovery:
      'Vous n’avez pas l’application sous la main ? Saisissez un de vos codes de secours dans le ' +
      'même champ.',
    action: 'Continuer',
    resend: 'Envoyer un autre code',
    resent: 'Un autre code est en route. Seul le plus récent fonctionne.',
    resendIn: (when) => `Vous pourrez en demander un autre ${when}.`,
    nothing:
      'Il n’y a rien à confirmer dans ce navigateur, ou cela a duré trop longtemps. Recommencez.',
    begin: 'Se connecter',
  },
  forgot: {
    title: 'Mot de passe oublié ?',
    text:
      'Indiquez l’adresse de votre compte. Nous vous enverrons un lien pour choisir un nouveau ' +
      'mot de passe.',
    action: 'Recevoir un lien par e-mail',
    sent:
      'S’il existe un compte avec cette adresse, un e-mail est en route. Son lien est valable ' +
      'une heure.',
    signIn: 'Retour à la connexion',
  },
  reset: {
    title: 'Choisir un nouveau mot de passe',
    newPassword: 'Nouveau mot de passe',
    action: 'Définir le mot de passe',
    text: 'Tous les appareils connectés seront déconnectés.',
    again: 'Demander un nouveau lien',
  },
  verify: {
    title: 'Confirmer votre adresse',
    text:
      'Vous avez ouvert un lien reçu dans un de nos e-mails. Appuyez sur le bouton pour ' +
      'continuer.',
    action: 'Confirmer et se connecter',
    password: 'Mot de passe choisi à l’inscription',
    passwordHint:
      'Seulement si l’inscription a eu lieu sur un autre appareil. Laissez ce champ vide si vous ' +
      'avez demandé un lien de connexion.',
    wrong:
      'Ce n’est pas le mot de passe de votre inscription. Vous pouvez ' +
      'laisser ce champ vide et en choisir un autre ensuite.',
  },
  undo: {
    title: 'Annuler le changement d’adresse',
    text:
      'L’adresse e-mail de votre compte a été changée au cours des sept derniers jours. Si ce ' +
      'n’était pas vous, annulez ce changement ici.',
    effect:
      'Votre compte retrouve son ancienne adresse, chaque appareil est déconnecté et le mot de ' +
      'passe ne fonctionne plus. Vous en choisissez ensuite un nouveau.',
    action: 'Annuler le changement',
  },
  stepUp: {
    title: 'Confirmez que c’est bien vous',
    text: 'Cette étape demande une nouvelle preuve. Ce que vous avez commencé continue ensuite.',
    action: 'Continuer',
    sendCode: 'Recevoir un code par e-mail',
    noPassword: 'Votre compte n’a pas de mot de passe : nous vous envoyons donc un code.',
    proved:
      'C’est confirmé. Recommencez maintenant l’opération ; mots de passe et codes sont à ' +
      'saisir de nouveau.',
    wrong: 'Ce n’est pas votre mot de passe.',
  },
  signOut: {
    title: 'Se déconnecter',
    action: 'Se déconnecter',
    text: 'Votre session dans ce navigateur sera fermée.',
  },
  onward: {
    title: 'Connexion réussie',
    action: (host) => `Continuer vers ${host}`,
  },
  home: {
    title: 'Votre compte',
    noPassword: 'Votre compte n’a pas encore de mot de passe.',
    choosePassword: 'Choisir un mot de passe',
    noFactor:
      'Une application d’authentification protège votre compte même si quelqu’un découvre votre ' +
      'mot de passe.',
    addFactor: 'Configurer une application d’authentification',
    signedInAs: 'Session ouverte au nom de',
  },
  profile: {
    title: 'Profil',
    language: 'Langue des e-mails et des pages',
    browserLanguage: 'Celle du navigateur',
    saved: 'Modifications enregistrées.',
  },
  security: {
    title: 'Sécurité',
    change: 'Modifier',
    none: 'Non défini',
    onSince: 'Activée depuis',
    off: 'Désactivée',
    codesLeft: (count) =>
      plural(count, { one: `${count} code restant`, other: `${count} codes restants` }),
    authenticator: 'Application d’authentification',
    recoveryCodes: 'Codes de secours',
    setUp: 'Configurer',
    manage: 'Gérer',
    passwordSet: 'Défini',
  },
  passwordPage: {
    title: 'Changer de mot de passe',
    first: 'Choisir un mot de passe',
    current: 'Mot de passe actuel',
    action: 'Définir le mot de passe',
    text: 'Les autres appareils seront déconnectés.',
    wrong: 'Le mot de passe actuel est incorrect.',
    done: 'Votre nouveau mot de passe est défini. Les autres appareils ont été déconnectés.',
  },
  emailPage: {
    title: 'Changer d’adresse e-mail',
    now: 'Adresse actuelle',
    newEmail: 'Nouvelle adresse e-mail',
    action: 'Envoyer un code à la nouvelle adresse',
    text:
      'L’ancienne adresse en est informée et permet d’annuler le changement pendant sept ' +
      'jours.',
    confirm: 'Changer d’adresse',
    done: 'Votre adresse a été changée. Les autres appareils ont été déconnectés.',
    other: 'Utiliser une autre adresse',
  },
  authenticatorPage: {
    title: 'Application d’authentification',
    why:
      'Une application sur votre téléphone affiche un nouveau code toutes les 30 secondes. Il ' +
      'vous en faudra un à chaque connexion.',
    begin: 'Configurer une application',
    replace: 'Configurer une autre application',
    scan: 'Scannez cette image avec l’application, ou saisissez-y la clé.',
    picture: 'QR code pour l’application d’authentification',
    key: 'Clé',
    open: 'Ouvrir dans une application sur cet appareil',
    confirm: 'Saisissez ensuite le code que l’application affiche.',
    action: 'Activer',
    startOver: 'Recommencer avec une autre clé',
    isOn: 'La connexion demande un code de votre application.',
    remove: 'Retirer l’application',
    removed:
      'L’application d’authentification a été retirée. Les autres appareils ont été déconnectés.',
    removeText:
      'Votre mot de passe suffira pour vous connecter, et vos codes de secours seront supprimés.',
  },
  codesPage: {
    title: 'Codes de secours',
    keep:
      'Gardez ces codes là où vous les trouverez sans votre téléphone. Chacun vous connecte une ' +
      'seule fois, à la place de l’application. Ils ne seront plus jamais affichés.',
    done: 'J’ai gardé mes codes',
    again: 'Créer de nouveaux codes',
    text:
      'Les nouveaux codes remplacent les anciens, qui ne fonctionnent plus dès cet instant. Les ' +
      'autres appareils sont déconnectés.',
    withoutApp:
      'Les codes de secours vont avec une application d’authentification, et vous n’en avez pas ' +
      'encore.',
    enabled: 'L’application d’authentification est activée.',
  },
  passkeys: {
    title: 'Clés d’accès',
    one: 'Clé d’accès',
    signIn: 'Se connecter avec une clé d’accès',
    use: 'Utiliser une clé d’accès',
    why:
      'Avec une clé d’accès, vous vous connectez par votre empreinte, votre visage ou le ' +
      'verrouillage de votre appareil. Il n’y a rien à retenir, et rien qu’une fausse page ' +
      'pourrait voler.',
    none: 'Vous n’avez pas encore de clé d’accès.',
    count: (count) =>
      plural(count, { one: `${count} clé d’accès`, other: `${count} clés d’accès` }),
    add: 'Ajouter une clé d’accès',
    create: 'Créer la clé d’accès',
    createText: 'Votre navigateur demande ensuite où la clé d’accès doit être conservée.',
    nameHint: 'Il distingue cette clé d’accès des autres et figure dans les e-mails à son sujet.',
    unsupported: 'Ce navigateur ne peut pas utiliser de clés d’accès ici.',
    cancelled:
      'Aucune clé d’accès n’a été utilisée. Vous pouvez réessayer ou choisir un autre moyen.',
    notCreated: 'Aucune clé d’accès n’a été créée. Vous pouvez réessayer.',
    exists:
      'Il y a déjà une clé d’accès de votre compte sur cet appareil ou dans votre gestionnaire ' +
      'de mots de passe.',
    failed: 'Les clés d’accès n’ont pas fonctionné dans ce navigateur. Choisissez un autre moyen.',
    wrong:
      'La clé d’accès n’a pas été acceptée, ou cela a pris trop de temps. Réessayez ou ' +
      'choisissez un autre moyen.',
    added: 'La clé d’accès est ajoutée. Les autres appareils ont été déconnectés.',
    renamed: 'La clé d’accès a son nouveau nom.',
    removed: 'La clé d’accès est retirée. Les autres appareils ont été déconnectés.',
    synced: 'Dans un gestionnaire de mots de passe, sur plusieurs appareils',
    onOneDevice: 'Sur un seul appareil',
    created: 'Création',
    neverUsed: 'Pas encore utilisée',
    rename: 'Renommer',
    remove: 'Retirer la clé d’accès',
    removeText:
      'Elle ne permet aussitôt plus de se connecter, et les autres appareils sont déconnectés.',
    lastWay:
      'Sans elle, vous ne pourriez plus vous connecter. Choisissez d’abord un mot de passe ou ' +
      'ajoutez une autre clé d’accès.',
    stay: 'Vos clés d’accès restent et permettent toujours de vous connecter.',
    offer: 'Se connecter sans mot de passe',
    later: 'Pas maintenant',
  },
  identities: {
    title: 'Comptes associés',
    signIn: 'Se connecter avec un autre fournisseur',
    or: 'ou',
    continueWith: (name) => `Continuer avec ${name}`,
    text:
      'Des comptes chez d’autres fournisseurs, avec lesquels vous pouvez vous connecter ici. Les ' +
      'autres appareils sont déconnectés quand vous en associez ou en dissociez un.',
    none: 'Aucun compte n’est encore associé.',
    count: (count) => plural(count, { one: `${count} compte`, other: `${count} comptes` }),
    another: 'Associer un compte',
    link: (name) => `Associer ${name}`,
    linked: 'Le compte est associé. Les autres appareils ont été déconnectés.',
    unlink: 'Dissocier',
    unlinked: 'Le compte n’est plus associé. Les autres appareils ont été déconnectés.',
    since: 'Association',
    neverUsed: 'Pas encore utilisé',
    lastWay:
      'Sans lui, vous ne pourriez plus vous connecter. Choisissez d’abord un mot de passe ou ' +
      'ajoutez une clé d’accès.',
    stay: 'Vos comptes associés restent et permettent toujours de vous connecter.',
    taken: 'Ce compte est déjà associé à un autre compte ici.',
    refused:
      'L’autre fournisseur n’a pas confirmé votre identité\u00a0: vous avez refusé, cela a pris ' +
      'trop de temps, ou il ne nous a indiqué aucune adresse e-mail. Réessayez ou choisissez un ' +
      'autre moyen.',
    notAccepted: 'Ce compte ne vous permet pas de vous connecter ici. Choisissez un autre moyen.',
    proveAddress: 'Il reste une étape\u00a0: le code montre que l’adresse est bien la vôtre.',
    signedInWith: (name) => `Connexion avec ${name}`,
  },
  devices: {
    title: 'Appareils',
    text: 'Là où votre session est ouverte.',
    current: 'Cet appareil',
    unknown: 'Appareil inconnu',
    lastUsed: 'Dernière utilisation',
    since: 'Connexion',
    signOut: 'Déconnecter',
    everywhere: 'Tout déconnecter',
    everywhereText: 'Tous les appareils, celui-ci aussi.',
    done: 'Cet appareil a été déconnecté.',
    more: 'Plus d’appareils',
  },
  activity: {
    title: 'Activité',
    text: 'Ce qui s’est passé dans votre compte, du plus récent au plus ancien.',
    none: 'Rien pour l’instant.',
    more: 'Plus ancien',
    failed: 'Échec',
  },
  data: {
    title: 'Vos données',
    export: 'Télécharger vos données',
    exportText: 'Tout ce qui est enregistré sur vous, dans un fichier JSON.',
    download: 'Télécharger',
    delete: 'Supprimer votre compte',
    deleteText: 'Il n’y a pas de retour possible. Chaque appareil est aussitôt déconnecté.',
    confirm: 'Saisissez votre adresse e-mail pour confirmer',
    deleteAction: 'Supprimer le compte',
    lastAdmin:
      'Aucun autre compte n’administre ce service. Donnez d’abord ce rôle à un autre compte.',
  },

  refusals: {
    VALIDATION_FAILED: 'Une partie de votre saisie est à corriger.',
    INVALID_CREDENTIALS: 'L’adresse e-mail ou le mot de passe est incorrect.',
    INVALID_OR_EXPIRED_CODE: 'Le code est incorrect ou n’est plus valable.',
    INVALID_OR_EXPIRED_TOKEN: 'Le lien est incorrect, a déjà été utilisé ou est trop ancien.',
    STEP_UP_REQUIRED: 'Confirmez que c’est bien vous, puis réessayez.',
    RATE_LIMITED: 'Trop de tentatives.',
    NOT_FOUND: 'Cela n’existe plus.',
    UNKNOWN_PASSKEY: 'Le serveur ne connaît pas cette clé d’accès : elle a été retirée.',
    PROVIDER_REFUSED:
      'L’autre fournisseur a refusé ou ne répond pas. Réessayez, ou choisissez une autre méthode.',
    CONFLICT:
      'Cela ne correspond pas à l’état actuel de votre compte. Vérifiez-le et essayez encore ' +
      'une fois.',
    UNAUTHENTICATED: 'Votre session est terminée. Reconnectez-vous.',
    FORBIDDEN: 'Cela n’était pas autorisé.',
    BAD_USER_INPUT: 'Ce qui a été envoyé n’a pas pu être lu.',
    OVERLOADED: 'Le serveur est surchargé. Réessayez dans un instant.',
    UNAVAILABLE: 'Le service n’est pas disponible pour le moment. Réessayez dans un instant.',
    INTERNAL_SERVER_ERROR: 'Un problème est survenu de notre côté. Réessayez dans un instant.',
    FOREIGN_FORM:
      'Ce formulaire venait d’ailleurs, ou votre navigateur a caché d’où il venait. Ouvrez la ' +
      'page et réessayez.',
    PAGE_NOT_FOUND: 'Il n’y a pas de page à cette adresse.',
  },

  problems: {
    INVALID: 'Cela n’est pas correct.',
    REQUIRED: 'Remplissez ce champ.',
    TOO_SHORT: 'C’est trop court.',
    TOO_LONG: 'C’est trop long.',
    INVALID_EMAIL: 'Ce n’est pas une adresse e-mail.',
    INVALID_CHARACTER: 'Un des caractères ne peut pas être utilisé ici.',
    MISMATCH: 'Cela ne correspond pas.',
    UNCHANGED: 'C’est déjà le cas.',
    UNSUPPORTED: 'Cela n’est pas pris en charge.',
    UNSUPPORTED_LOCALE: 'Cette langue n’est pas prise en charge.',
    PASSWORD_COMMON:
      'Beaucoup de gens utilisent ce mot de passe, il est donc essayé en premier. Choisissez-en ' +
      'un autre.',
    PASSWORD_CONTEXT: 'Il ressemble trop à votre adresse ou à votre nom. Choisissez-en un autre.',
    PASSWORD_WEAK: 'Il est trop facile à deviner. Ajoutez quelques mots sans rapport entre eux.',
    PASSWORD_BREACHED:
      'Ce mot de passe est connu à la suite d’une fuite de données. Choisissez-en un autre.',
  },

  events: {
    'account.registered': 'Compte créé',
    'account.register_repeated': 'Quelqu’un a essayé de s’inscrire avec votre adresse',
    'email.verified': 'Adresse confirmée',
    'session.opened': 'Connexion',
    'session.closed': 'Déconnexion',
    'login.failed': 'Mot de passe erroné',
    'otp.sent': 'Code envoyé',
    'otp.failed': 'Code erroné',
    'refresh.reused': 'Une session copiée a été utilisée, puis fermée',
    'signing_key.created': 'Clé de signature créée',
    'signing_key.removed': 'Clé de signature supprimée',
    'session.stepped_up': 'Vous avez confirmé que c’est bien vous',
    'step_up.failed': 'Confirmation échouée',
    'totp.enrollment_started': 'Configuration d’une application d’authentification commencée',
    'totp.enabled': 'Application d’authentification activée',
    'totp.disabled': 'Application d’authentification retirée',
    'recovery_code.used': 'Code de secours utilisé',
    'recovery_codes.regenerated': 'Nouveaux codes de secours créés',
    'passkey.added': 'Clé d’accès ajoutée',
    'passkey.removed': 'Clé d’accès retirée',
    'passkey.renamed': 'Clé d’accès renommée',
    'passkey.backup_changed': 'Sauvegarde d’une clé d’accès modifiée',
    'passkey.failed': 'Clé d’accès refusée',
    'passkey.clone_suspected': 'Une clé d’accès a peut-être été copiée',
    'identity.linked': 'Compte d’un autre fournisseur associé',
    'identity.unlinked': 'Compte dissocié',
    'identity.login_failed': 'Connexion par un autre fournisseur refusée',
    'user.suspended': 'Compte suspendu par l’administration',
    'user.reinstated': 'Compte rétabli par l’administration',
    'user.roles_changed': 'Rôles modifiés par l’administration',
    'user.sessions_revoked': 'Tous les appareils déconnectés par l’administration',
    'user.session_revoked': 'Un appareil déconnecté par l’administration',
    'user.metadata_changed': 'Métadonnées modifiées par l’administration',
    'user.factors_reset': 'Seconds facteurs retirés par l’administration',
    'user.password_reset': 'Mot de passe réinitialisé par l’administration',
    'user.created': 'Compte créé par l’administration',
    'users.imported': 'Compte importé',
    'users.exported': 'Comptes exportés',
    'password.reset_requested': 'Lien pour un nouveau mot de passe demandé',
    'password.reset': 'Mot de passe réinitialisé par un lien envoyé par e-mail',
    'password.reset_failed': 'Lien pour un nouveau mot de passe refusé',
    'password.changed': 'Mot de passe changé',
    'password.change_failed': 'Changement de mot de passe refusé',
    'password.breached': 'Mot de passe connu à la suite d’une fuite de données',
    'profile.updated': 'Profil modifié',
    'email.change_requested': 'Changement d’adresse commencé',
    'email.changed': 'Adresse changée',
    'email.change_undone': 'Changement d’adresse annulé',
    'account.exported': 'Données téléchargées',
    'account.deleted': 'Compte supprimé',
    'device.new': 'Connexion sur un nouvel appareil',
  },
};
