import type { Messages } from './en.ts';
import { pluralIn } from './plural.ts';

const plural = pluralIn('de');

export const de: Messages = {
  skip: 'Zum Inhalt springen',
  languages: 'Sprache',
  problem: 'Problem',
  optional: '(freiwillig)',
  comma: ', ',
  colon: ': ',
  back: 'Zurück',
  cancel: 'Abbrechen',
  save: 'Speichern',
  email: 'E-Mail-Adresse',
  password: 'Passwort',
  name: 'Name',
  code: 'Code',
  passwordRule: (least) =>
    `Mindestens ${least} Zeichen. Ein paar Wörter, die nichts miteinander zu tun haben, sind ` +
    'leicht zu merken und schwer zu erraten.',
  retryIn: (minutes) =>
    plural(minutes, {
      one: 'Versuchen Sie es in einer Minute noch einmal.',
      other: `Versuchen Sie es in ${minutes} Minuten noch einmal.`,
    }),
  charactersMissing: 'Noch fehlende Zeichen:',
  charactersEnough: 'Lang genug.',
  moment: 'Einen Moment …',
  pasteLink: 'Link oder Code aus der E-Mail',
  pasteLinkHint:
    'Kopieren Sie den ganzen Link aus der E-Mail und fügen Sie ihn hier ein. Es geschieht ' +
    'nichts, bis Sie die Schaltfläche drücken.',

  signIn: {
    title: 'Anmelden',
    action: 'Anmelden',
    forgot: 'Passwort vergessen?',
    byCode: 'Stattdessen einen Code per E-Mail senden',
    noAccount: 'Noch kein Konto?',
    register: 'Konto erstellen',
    done: {
      'signed-out': 'Sie sind abgemeldet.',
      'password-reset': 'Ihr neues Passwort ist gesetzt. Melden Sie sich damit an.',
      'change-undone':
        'Ihr Konto hat wieder die frühere Adresse, und jedes Gerät wurde abgemeldet. Wählen ' +
        'Sie jetzt ein neues Passwort: über „Passwort vergessen?“.',
      deleted: 'Ihr Konto wurde gelöscht.',
      expired: 'Ihre Sitzung ist beendet. Melden Sie sich wieder an.',
    },
  },
  register: {
    title: 'Konto erstellen',
    action: 'Konto erstellen',
    hasAccount: 'Haben Sie schon ein Konto?',
    signIn: 'Anmelden',
    closed:
      'Neue Konten gibt es nur auf Einladung. Wenden Sie sich an die Betreiber dieses Dienstes.',
  },
  codePage: {
    title: 'Code eingeben',
    sent: (address) => `Wir haben einen sechsstelligen Code an ${address} geschickt.`,
    sentLink:
      'In der E-Mail steht auch ein Link, den Sie stattdessen auf diesem Gerät öffnen können.',
    app: 'Geben Sie die sechs Ziffern ein, die Ihre Authenticator-App gerade anzeigt.',
    recovery:
      'Keine App zur Hand? Geben Sie im selben Feld einen Ihrer Wiederherstellungscodes ein.',
    action: 'Weiter',
    resend: 'Neuen Code senden',
    resent: 'Ein neuer Code ist unterwegs. Nur der neueste gilt.',
    resendIn: (when) => `Einen neuen können Sie ${when} anfordern.`,
    nothing:
      'In diesem Browser gibt es nichts zu bestätigen, oder es hat zu lange gedauert. Beginnen ' +
      'Sie noch einmal.',
    begin: 'Anmelden',
  },
  forgot: {
    title: 'Passwort vergessen?',
    text:
      'Nennen Sie uns die Adresse Ihres Kontos. Wir schicken Ihnen einen Link, mit dem Sie ein ' +
      'neues Passwort wählen.',
    action: 'Link per E-Mail senden',
    sent:
      'Wenn es ein Konto mit dieser Adresse gibt, ist eine E-Mail unterwegs. Ihr Link gilt eine ' +
      'Stunde lang.',
    signIn: 'Zurück zur Anmeldung',
  },
  reset: {
    title: 'Neues Passwort wählen',
    newPassword: 'Neues Passwort',
    action: 'Passwort setzen',
    text: 'Jedes angemeldete Gerät wird abgemeldet.',
    again: 'Neuen Link anfordern',
  },
  verify: {
    title: 'Adresse bestätigen',
    text:
      'Sie haben einen Link aus einer E-Mail von uns geöffnet. Drücken Sie die Schaltfläche, um ' +
      'fortzufahren.',
    action: 'Bestätigen und anmelden',
    password: 'Passwort, mit dem Sie sich registriert haben',
    passwordHint:
      'Nur, wenn Sie sich auf einem anderen Gerät registriert haben. Lassen Sie es leer, wenn ' +
      'Sie einen Anmeldelink angefordert haben.',
    wrong:
      'Mit diesem Passwort haben Sie sich nicht registriert. Sie können ' +
      'das Feld leer lassen und danach ein anderes wählen.',
  },
  undo: {
    title: 'Änderung der Adresse rückgängig machen',
    text:
      'Die E-Mail-Adresse Ihres Kontos wurde in den letzten sieben Tagen geändert. Falls Sie das ' +
      'nicht waren, machen Sie es hier rückgängig.',
    effect:
      'Ihr Konto hat dann wieder die frühere Adresse, jedes Gerät wird abgemeldet, und das ' +
      'Passwort gilt nicht mehr. Danach wählen Sie ein neues.',
    action: 'Änderung rückgängig machen',
  },
  stepUp: {
    title: 'Bestätigen Sie, dass Sie es sind',
    text: 'Für diesen Schritt brauchen wir einen neuen Nachweis. Danach geht es weiter.',
    action: 'Weiter',
    sendCode: 'Code per E-Mail senden',
    noPassword: 'Ihr Konto hat kein Passwort, deshalb schicken wir Ihnen einen Code.',
    proved:
      'Bestätigt. Tun Sie es jetzt noch einmal; Passwörter und Codes müssen Sie neu eingeben.',
    wrong: 'Das ist nicht Ihr Passwort.',
  },
  signOut: {
    title: 'Abmelden',
    action: 'Abmelden',
    text: 'Sie werden in diesem Browser abgemeldet.',
  },
  onward: {
    title: 'Sie sind angemeldet',
    action: (host) => `Weiter zu ${host}`,
  },
  home: {
    title: 'Ihr Konto',
    noPassword: 'Ihr Konto hat noch kein Passwort.',
    choosePassword: 'Passwort wählen',
    noFactor: 'Eine Authenticator-App schützt Ihr Konto auch dann, wenn jemand Ihr Passwort kennt.',
    addFactor: 'Authenticator-App einrichten',
    signedInAs: 'Angemeldet als',
  },
  profile: {
    title: 'Profil',
    language: 'Sprache der E-Mails und Seiten',
    browserLanguage: 'Wie im Browser eingestellt',
    saved: 'Gespeichert.',
  },
  security: {
    title: 'Sicherheit',
    change: 'Ändern',
    none: 'Nicht gesetzt',
    onSince: 'Eingeschaltet seit',
    off: 'Ausgeschaltet',
    codesLeft: (count) =>
      plural(count, { one: `Noch ${count} Code übrig`, other: `Noch ${count} Codes übrig` }),
    authenticator: 'Authenticator-App',
    recoveryCodes: 'Wiederherstellungscodes',
    setUp: 'Einrichten',
    manage: 'Verwalten',
    passwordSet: 'Gesetzt',
  },
  passwordPage: {
    title: 'Passwort ändern',
    first: 'Passwort wählen',
    current: 'Bisheriges Passwort',
    action: 'Passwort setzen',
    text: 'Andere Geräte werden abgemeldet.',
    wrong: 'Das bisherige Passwort stimmt nicht.',
    done: 'Ihr neues Passwort ist gesetzt. Andere Geräte wurden abgemeldet.',
  },
  emailPage: {
    title: 'E-Mail-Adresse ändern',
    now: 'Jetzige Adresse',
    newEmail: 'Neue E-Mail-Adresse',
    action: 'Code an die neue Adresse senden',
    text:
      'Die bisherige Adresse wird benachrichtigt und kann die Änderung sieben Tage lang ' +
      'rückgängig machen.',
    confirm: 'Adresse ändern',
    done: 'Ihre Adresse ist geändert. Andere Geräte wurden abgemeldet.',
    other: 'Eine andere Adresse verwenden',
  },
  authenticatorPage: {
    title: 'Authenticator-App',
    why:
      'Eine App auf Ihrem Telefon zeigt alle 30 Sekunden einen neuen Code an. Sie brauchen dann ' +
      'bei jeder Anmeldung einen.',
    begin: 'App einrichten',
    replace: 'Andere App einrichten',
    scan: 'Scannen Sie dieses Bild mit der App, oder tippen Sie dort den Schlüssel ein.',
    picture: 'QR-Code für die Authenticator-App',
    key: 'Schlüssel',
    open: 'In einer App auf diesem Gerät öffnen',
    confirm: 'Geben Sie dann den Code ein, den die App anzeigt.',
    action: 'Einschalten',
    startOver: 'Mit einem anderen Schlüssel neu beginnen',
    isOn: 'Bei der Anmeldung wird nach einem Code Ihrer App gefragt.',
    remove: 'App entfernen',
    removed: 'Die Authenticator-App ist entfernt. Andere Geräte wurden abgemeldet.',
    removeText:
      'Zum Anmelden genügt dann Ihr Passwort allein, und Ihre Wiederherstellungscodes werden ' +
      'gelöscht.',
  },
  codesPage: {
    title: 'Wiederherstellungscodes',
    keep:
      'Bewahren Sie diese Codes dort auf, wo Sie sie auch ohne Ihr Telefon finden. Mit jedem ' +
      'melden Sie sich einmal an, anstelle der App. Sie werden nur jetzt angezeigt.',
    done: 'Ich habe sie aufbewahrt',
    again: 'Neue Codes erzeugen',
    text:
      'Neue Codes ersetzen die alten, die sofort nicht mehr gelten. Andere Geräte werden ' +
      'abgemeldet.',
    withoutApp:
      'Wiederherstellungscodes gehören zu einer Authenticator-App, und Sie haben noch keine.',
    enabled: 'Die Authenticator-App ist eingeschaltet.',
  },
  passkeys: {
    title: 'Passkeys',
    one: 'Ein Passkey',
    signIn: 'Mit einem Passkey anmelden',
    use: 'Einen Passkey verwenden',
    why:
      'Mit einem Passkey melden Sie sich durch Ihren Fingerabdruck, Ihr Gesicht oder die Sperre ' +
      'Ihres Geräts an. Sie müssen sich nichts merken, und keine gefälschte Seite kann etwas ' +
      'stehlen.',
    none: 'Sie haben noch keine Passkeys.',
    count: (count) => plural(count, { one: `${count} Passkey`, other: `${count} Passkeys` }),
    add: 'Passkey hinzufügen',
    create: 'Passkey erstellen',
    createText: 'Ihr Browser fragt dann, wo der Passkey aufbewahrt werden soll.',
    nameHint: 'Er unterscheidet diesen Passkey von anderen und steht in E-Mails über ihn.',
    unsupported: 'Dieser Browser kann hier keine Passkeys verwenden.',
    cancelled:
      'Es wurde kein Passkey verwendet. Versuchen Sie es noch einmal, oder wählen Sie einen ' +
      'anderen Weg.',
    notCreated: 'Es wurde kein Passkey erstellt. Sie können es noch einmal versuchen.',
    exists:
      'Auf diesem Gerät oder in Ihrem Passwortmanager gibt es schon einen Passkey Ihres Kontos.',
    failed: 'Passkeys haben in diesem Browser nicht funktioniert. Wählen Sie einen anderen Weg.',
    wrong:
      'Der Passkey wurde nicht angenommen, oder es hat zu lange gedauert. Versuchen Sie es noch ' +
      'einmal, oder wählen Sie einen anderen Weg.',
    added: 'Der Passkey ist hinzugefügt. Andere Geräte wurden abgemeldet.',
    renamed: 'Der Passkey hat seinen neuen Namen.',
    removed: 'Der Passkey ist entfernt. Andere Geräte wurden abgemeldet.',
    synced: 'In einem Passwortmanager auf mehreren Geräten',
    onOneDevice: 'Nur auf einem Gerät',
    created: 'Erstellt',
    neverUsed: 'Noch nicht verwendet',
    rename: 'Umbenennen',
    remove: 'Passkey entfernen',
    removeText:
      'Die Anmeldung mit ihm ist sofort nicht mehr möglich, und andere Geräte werden abgemeldet.',
    lastWay:
      'Ohne ihn könnten Sie sich nicht mehr anmelden. Wählen Sie zuerst ein Passwort, oder fügen ' +
      'Sie einen anderen Passkey hinzu.',
    stay: 'Ihre Passkeys bleiben, und Sie können sich weiter mit ihnen anmelden.',
    offer: 'Ohne Passwort anmelden',
    later: 'Nicht jetzt',
  },
  identities: {
    title: 'Verknüpfte Konten',
    signIn: 'Mit einem anderen Anbieter anmelden',
    or: 'oder',
    continueWith: (name) => `Weiter mit ${name}`,
    text:
      'Konten bei anderen Anbietern, mit denen Sie sich hier anmelden können. Wenn Sie eines ' +
      'verknüpfen oder eine Verknüpfung lösen, werden andere Geräte abgemeldet.',
    none: 'Es ist noch kein Konto verknüpft.',
    count: (count) => plural(count, { one: `${count} Konto`, other: `${count} Konten` }),
    another: 'Ein Konto verknüpfen',
    link: (name) => `${name} verknüpfen`,
    linked: 'Das Konto ist verknüpft. Andere Geräte wurden abgemeldet.',
    unlink: 'Verknüpfung lösen',
    unlinked: 'Das Konto ist nicht mehr verknüpft. Andere Geräte wurden abgemeldet.',
    since: 'Verknüpft',
    neverUsed: 'Noch nicht verwendet',
    lastWay:
      'Ohne dieses Konto könnten Sie sich nicht mehr anmelden. Wählen Sie zuerst ein Passwort, ' +
      'oder fügen Sie einen Passkey hinzu.',
    stay: 'Ihre verknüpften Konten bleiben, und Sie können sich weiter mit ihnen anmelden.',
    taken: 'Jenes Konto ist hier schon mit einem anderen verknüpft.',
    refused:
      'Der andere Anbieter hat Sie nicht bestätigt: Sie haben abgelehnt, es hat zu lange ' +
      'gedauert, oder er hat uns keine E-Mail-Adresse genannt. Versuchen Sie es noch einmal, ' +
      'oder wählen Sie einen anderen Weg.',
    notAccepted:
      'Mit diesem Konto können Sie sich hier nicht anmelden. Wählen Sie einen anderen Weg.',
    proveAddress: 'Ein Schritt fehlt noch: Der Code zeigt, dass die Adresse Ihnen gehört.',
    signedInWith: (name) => `Angemeldet mit ${name}`,
  },
  devices: {
    title: 'Geräte',
    text: 'Wo Sie angemeldet sind.',
    current: 'Dieses Gerät',
    unknown: 'Unbekanntes Gerät',
    lastUsed: 'Zuletzt verwendet',
    since: 'Angemeldet',
    signOut: 'Abmelden',
    everywhere: 'Überall abmelden',
    everywhereText: 'Alle Geräte, auch dieses.',
    done: 'Das Gerät ist abgemeldet.',
    more: 'Weitere Geräte',
  },
  activity: {
    title: 'Aktivität',
    text: 'Was in Ihrem Konto geschehen ist, das Neueste zuerst.',
    none: 'Noch nichts.',
    more: 'Frühere',
    failed: 'Fehlgeschlagen',
  },
  data: {
    title: 'Ihre Daten',
    export: 'Ihre Daten herunterladen',
    exportText: 'Alles, was über Sie gespeichert ist, als JSON-Datei.',
    download: 'Herunterladen',
    delete: 'Ihr Konto löschen',
    deleteText: 'Das lässt sich nicht rückgängig machen. Jedes Gerät wird sofort abgemeldet.',
    confirm: 'Geben Sie zur Bestätigung Ihre E-Mail-Adresse ein',
    deleteAction: 'Konto löschen',
    lastAdmin:
      'Außer diesem Konto verwaltet keines den Dienst. Geben Sie zuerst einem anderen Konto ' +
      'diese Rolle.',
  },

  refusals: {
    VALIDATION_FAILED: 'Einige Ihrer Angaben stimmen noch nicht.',
    INVALID_CREDENTIALS: 'Die E-Mail-Adresse oder das Passwort stimmt nicht.',
    INVALID_OR_EXPIRED_CODE: 'Der Code stimmt nicht oder gilt nicht mehr.',
    INVALID_OR_EXPIRED_TOKEN: 'Der Link stimmt nicht, wurde schon verwendet oder ist zu alt.',
    STEP_UP_REQUIRED: 'Bestätigen Sie, dass Sie es sind, und versuchen Sie es noch einmal.',
    RATE_LIMITED: 'Zu viele Versuche.',
    NOT_FOUND: 'Das gibt es nicht mehr.',
    UNKNOWN_PASSKEY: 'Der Server kennt diesen Passkey nicht mehr: Er wurde entfernt.',
    PROVIDER_REFUSED:
      'Der andere Anbieter hat abgelehnt oder ist nicht erreichbar. Versuchen Sie es noch ' +
      'einmal, oder wählen Sie einen anderen Weg.',
    CONFLICT:
      'Das passt nicht zum jetzigen Stand Ihres Kontos. Sehen Sie nach und versuchen Sie es ' +
      'noch einmal.',
    UNAUTHENTICATED: 'Ihre Sitzung ist beendet. Melden Sie sich wieder an.',
    FORBIDDEN: 'Das war nicht erlaubt.',
    BAD_USER_INPUT: 'Was gesendet wurde, ließ sich nicht lesen.',
    OVERLOADED: 'Der Server ist ausgelastet. Versuchen Sie es gleich noch einmal.',
    UNAVAILABLE: 'Der Dienst ist gerade nicht verfügbar. Versuchen Sie es gleich noch einmal.',
    INTERNAL_SERVER_ERROR: 'Bei uns ist etwas schiefgegangen. Versuchen Sie es gleich noch einmal.',
    FOREIGN_FORM:
      'Dieses Formular kam von anderswo, oder Ihr Browser hat verborgen, woher. Öffnen Sie die ' +
      'Seite und versuchen Sie es noch einmal.',
    PAGE_NOT_FOUND: 'Unter dieser Adresse gibt es keine Seite.',
  },

  problems: {
    INVALID: 'Das stimmt nicht.',
    REQUIRED: 'Bitte ausfüllen.',
    TOO_SHORT: 'Das ist zu kurz.',
    TOO_LONG: 'Das ist zu lang.',
    INVALID_EMAIL: 'Das ist keine E-Mail-Adresse.',
    INVALID_CHARACTER: 'Darin steht ein Zeichen, das hier nicht verwendet werden kann.',
    MISMATCH: 'Das stimmt nicht überein.',
    UNCHANGED: 'Das ist schon so.',
    UNSUPPORTED: 'Das wird nicht unterstützt.',
    UNSUPPORTED_LOCALE: 'Diese Sprache wird nicht unterstützt.',
    PASSWORD_COMMON:
      'Viele verwenden dieses Passwort, deshalb wird es zuerst geraten. Wählen Sie ein anderes.',
    PASSWORD_CONTEXT: 'Das ist Ihrer Adresse oder Ihrem Namen zu ähnlich. Wählen Sie ein anderes.',
    PASSWORD_WEAK:
      'Das ist zu leicht zu erraten. Fügen Sie ein paar Wörter hinzu, die nichts miteinander zu ' +
      'tun haben.',
    PASSWORD_BREACHED: 'Dieses Passwort ist durch ein Datenleck bekannt. Wählen Sie ein anderes.',
  },

  events: {
    'account.registered': 'Konto erstellt',
    'account.register_repeated': 'Jemand wollte sich mit Ihrer Adresse registrieren',
    'email.verified': 'Adresse bestätigt',
    'session.opened': 'Angemeldet',
    'session.closed': 'Abgemeldet',
    'login.failed': 'Falsches Passwort',
    'otp.sent': 'Code gesendet',
    'otp.failed': 'Falscher Code',
    'refresh.reused': 'Eine kopierte Sitzung wurde verwendet und beendet',
    'signing_key.created': 'Signaturschlüssel erzeugt',
    'signing_key.removed': 'Signaturschlüssel entfernt',
    'session.stepped_up': 'Bestätigt, dass Sie es sind',
    'step_up.failed': 'Bestätigung fehlgeschlagen',
    'totp.enrollment_started': 'Einrichtung einer Authenticator-App begonnen',
    'totp.enabled': 'Authenticator-App eingeschaltet',
    'totp.disabled': 'Authenticator-App entfernt',
    'recovery_code.used': 'Wiederherstellungscode verwendet',
    'recovery_codes.regenerated': 'Neue Wiederherstellungscodes erzeugt',
    'passkey.added': 'Passkey hinzugefügt',
    'passkey.removed': 'Passkey entfernt',
    'passkey.renamed': 'Passkey umbenannt',
    'passkey.backup_changed': 'Sicherung eines Passkeys geändert',
    'passkey.failed': 'Passkey abgelehnt',
    'passkey.clone_suspected': 'Ein Passkey wurde vielleicht kopiert',
    'identity.linked': 'Konto eines anderen Anbieters verknüpft',
    'identity.unlinked': 'Verknüpfung eines Kontos gelöst',
    'identity.login_failed': 'Anmeldung über einen anderen Anbieter abgelehnt',
    'user.suspended': 'Konto von der Administration gesperrt',
    'user.reinstated': 'Konto von der Administration entsperrt',
    'user.roles_changed': 'Rollen von der Administration geändert',
    'user.sessions_revoked': 'Von der Administration überall abgemeldet',
    'user.session_revoked': 'Von der Administration auf einem Gerät abgemeldet',
    'user.metadata_changed': 'Metadaten von der Administration geändert',
    'user.factors_reset': 'Zweite Faktoren von der Administration entfernt',
    'user.password_reset': 'Passwort von der Administration zurückgesetzt',
    'user.created': 'Konto von der Administration erstellt',
    'users.imported': 'Konto importiert',
    'users.exported': 'Konten exportiert',
    'password.reset_requested': 'Link für ein neues Passwort angefordert',
    'password.reset': 'Passwort mit einem Link aus einer E-Mail zurückgesetzt',
    'password.reset_failed': 'Link für ein neues Passwort abgelehnt',
    'password.changed': 'Passwort geändert',
    'password.change_failed': 'Änderung des Passworts abgelehnt',
    'password.breached': 'Passwort durch ein Datenleck bekannt',
    'profile.updated': 'Profil geändert',
    'email.change_requested': 'Änderung der Adresse begonnen',
    'email.changed': 'Adresse geändert',
    'email.change_undone': 'Änderung der Adresse rückgängig gemacht',
    'account.exported': 'Daten heruntergeladen',
    'account.deleted': 'Konto gelöscht',
    'device.new': 'Auf einem neuen Gerät angemeldet',
  },
};
