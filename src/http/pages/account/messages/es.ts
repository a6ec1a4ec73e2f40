import type { Messages } from './en.ts';
import { pluralIn } from './plural.ts';

const plural = pluralIn('es');

export const es: Messages = {
  skip: 'Ir al contenido',
  languages: 'Idioma',
  problem: 'Problema',
  optional: '(opcional)',
  comma: ', ',
  colon: ': ',
  back: 'Atrás',
  cancel: 'Cancelar',
  save: 'Guardar',
  email: 'Dirección de correo',
  password: 'Contraseña',
  name: 'Nombre',
  code: 'Código',
  passwordRule: (least) =>
    `Al menos ${least} caracteres. Unas cuantas palabras sin relación entre sí son fáciles de ` +
    'recordar y difíciles de adivinar.',
  retryIn: (minutes) =>
    plural(minutes, {
      one: 'Vuelve a intentarlo dentro de un minuto.',
      other: `Vuelve a intentarlo dentro de ${minutes} minutos.`,
    }),
  charactersMissing: 'Caracteres que faltan:',
  charactersEnough: 'La longitud es suficiente.',
  moment: 'Un momento…',
  pasteLink: 'Enlace o código del correo',
  pasteLinkHint:
    'Copia el enlace completo del correo y pégalo aquí. No pasa nada hasta que pulses el botón.',

  signIn: {
    title: 'Iniciar sesión',
    action: 'Iniciar sesión',
    forgot: '¿Has olvidado tu contraseña?',
    byCode: 'Recibir mejor un código por correo',
    noAccount: '¿Aún no tienes cuenta?',
    register: 'Crear una cuenta',
    done: {
      'signed-out': 'Has cerrado la sesión.',
      'password-reset': 'Tu nueva contraseña está lista. Inicia sesión con ella.',
      'change-undone':
        'Tu cuenta vuelve a tener la dirección anterior, y se ha cerrado la sesión en todos los ' +
        'dispositivos. Elige ahora una contraseña nueva en «¿Has olvidado tu contraseña?».',
      deleted: 'Se ha eliminado tu cuenta.',
      expired: 'Tu sesión ha terminado. Vuelve a iniciar sesión.',
    },
  },
  register: {
    title: 'Crear una cuenta',
    action: 'Crear cuenta',
    hasAccount: '¿Ya tienes una cuenta?',
    signIn: 'Iniciar sesión',
    closed:
      'Las cuentas nuevas solo se crean por invitación. Pregunta a quienes gestionan el servicio.',
  },
  codePage: {
    title: 'Introduce el código',
    sent: (address) => `Hemos enviado un código de seis cifras a ${address}.`,
    sentLink:
      'El correo lleva también un enlace, que puedes abrir en este dispositivo en lugar de usar ' +
      'el código.',
    app: 'Introduce las seis cifras que muestra ahora tu aplicación de autenticación.',
    recovery:
      '¿No tienes la aplicación a mano? Escribe en el mismo campo uno de tus códigos de ' +
      'recuperación.',
    action: 'Continuar',
    resend: 'Enviar otro código',
    resent: 'Otro código está en camino. Solo sirve el más reciente.',
    resendIn: (when) => `Podrás pedir otro ${when}.`,
    nothing:
      'No hay nada que confirmar en este navegador, o ha pasado demasiado tiempo. Empieza de ' +
      'nuevo.',
    begin: 'Iniciar sesión',
  },
  forgot: {
    title: '¿Has olvidado tu contraseña?',
    text:
      'Dinos la dirección de tu cuenta. Te enviaremos un enlace para elegir una contraseña ' +
      'nueva.',
    action: 'Recibir un enlace por correo',
    sent:
      'Si hay una cuenta con esta dirección, el correo está en camino. Su enlace sirve durante ' +
      'una hora.',
    signIn: 'Volver al inicio de sesión',
  },
  reset: {
    title: 'Elige una contraseña nueva',
    newPassword: 'Contraseña nueva',
    action: 'Guardar contraseña',
    text: 'Se cerrará la sesión en todos los dispositivos.',
    again: 'Pedir un enlace nuevo',
  },
  verify: {
    title: 'Confirma tu dirección',
    text: 'Has abierto un enlace de un correo nuestro. Pulsa el botón para continuar.',
    action: 'Confirmar e iniciar sesión',
    password: 'Contraseña con la que te registraste',
    passwordHint:
      'Solo si te registraste en otro dispositivo. Déjala vacía si pediste un enlace para ' +
      'iniciar sesión.',
    wrong:
      'Esta no es la contraseña con la que te registraste. ' +
      'Puedes dejarla vacía y elegir otra después.',
  },
  undo: {
    title: 'Deshacer el cambio de dirección',
    text:
      'La dirección de correo de tu cuenta se ha cambiado en los últimos siete días. Si no ' +
      'fuiste tú, deshaz el cambio aquí.',
    effect:
      'Tu cuenta vuelve a tener la dirección anterior, se cierra la sesión en todos los ' +
      'dispositivos y la contraseña deja de servir. Después eliges una nueva.',
    action: 'Deshacer el cambio',
  },
  stepUp: {
    title: 'Confirma que eres tú',
    text: 'Este paso necesita una nueva comprobación. Después sigue lo que habías empezado.',
    action: 'Continuar',
    sendCode: 'Recibir un código por correo',
    noPassword: 'Tu cuenta no tiene contraseña, así que te enviamos un código.',
    proved: 'Confirmado. Ahora hazlo otra vez: hay que volver a escribir contraseñas y códigos.',
    wrong: 'Esta no es tu contraseña.',
  },
  signOut: {
    title: 'Cerrar sesión',
    action: 'Cerrar sesión',
    text: 'Se cerrará tu sesión en este navegador.',
  },
  onward: {
    title: 'Has iniciado sesión',
    action: (host) => `Continuar a ${host}`,
  },
  home: {
    title: 'Tu cuenta',
    noPassword: 'Tu cuenta aún no tiene contraseña.',
    choosePassword: 'Elegir una contraseña',
    noFactor:
      'Una aplicación de autenticación protege tu cuenta aunque alguien descubra tu contraseña.',
    addFactor: 'Configurar una aplicación de autenticación',
    signedInAs: 'Sesión iniciada como',
  },
  profile: {
    title: 'Perfil',
    language: 'Idioma de los correos y las páginas',
    browserLanguage: 'El del navegador',
    saved: 'Cambios guardados.',
  },
  security: {
    title: 'Seguridad',
    change: 'Cambiar',
    none: 'Sin configurar',
    onSince: 'Activada desde',
    off: 'Desactivada',
    codesLeft: (count) =>
      plural(count, { one: `Queda ${count} código`, other: `Quedan ${count} códigos` }),
    authenticator: 'Aplicación de autenticación',
    recoveryCodes: 'Códigos de recuperación',
    setUp: 'Configurar',
    manage: 'Gestionar',
    passwordSet: 'Configurada',
  },
  passwordPage: {
    title: 'Cambiar la contraseña',
    first: 'Elige una contraseña',
    current: 'Contraseña actual',
    action: 'Guardar contraseña',
    text: 'Se cerrará la sesión en los demás dispositivos.',
    wrong: 'La contraseña actual no es correcta.',
    done: 'Tu nueva contraseña está lista. Se ha cerrado la sesión en los demás dispositivos.',
  },
  emailPage: {
    title: 'Cambiar la dirección de correo',
    now: 'Dirección actual',
    newEmail: 'Nueva dirección de correo',
    action: 'Enviar un código a la nueva dirección',
    text: 'Avisamos a la dirección anterior, que puede deshacer el cambio durante siete días.',
    confirm: 'Cambiar dirección',
    done: 'Se ha cambiado tu dirección. Se ha cerrado la sesión en los demás dispositivos.',
    other: 'Usar otra dirección',
  },
  authenticatorPage: {
    title: 'Aplicación de autenticación',
    why:
      'Una aplicación en tu teléfono muestra un código nuevo cada 30 segundos. Necesitarás uno ' +
      'cada vez que inicies sesión.',
    begin: 'Configurar una aplicación',
    replace: 'Configurar otra aplicación',
    scan: 'Escanea esta imagen con la aplicación o escribe en ella la clave.',
    picture: 'Código QR para la aplicación de autenticación',
    key: 'Clave',
    open: 'Abrir en una aplicación de este dispositivo',
    confirm: 'Después, introduce el código que muestra la aplicación.',
    action: 'Activar',
    startOver: 'Empezar de nuevo con otra clave',
    isOn: 'Para iniciar sesión se pide un código de tu aplicación.',
    remove: 'Quitar la aplicación',
    removed:
      'Se ha quitado la aplicación de autenticación. Se ha cerrado la sesión en los demás ' +
      'dispositivos.',
    removeText:
      'Para iniciar sesión bastará tu contraseña, y se eliminarán tus códigos de recuperación.',
  },
  codesPage: {
    title: 'Códigos de recuperación',
    keep:
      'Guarda estos códigos donde puedas encontrarlos sin el teléfono. Con cada uno inicias ' +
      'sesión una vez en lugar de usar la aplicación. No se volverán a mostrar nunca.',
    done: 'Ya los he guardado',
    again: 'Crear códigos nuevos',
    text:
      'Los códigos nuevos sustituyen a los anteriores, que dejan de servir al momento. Se cierra ' +
      'la sesión en los demás dispositivos.',
    withoutApp:
      'Los códigos de recuperación van con una aplicación de autenticación, y aún no tienes ' +
      'ninguna.',
    enabled: 'La aplicación de autenticación está activada.',
  },
  passkeys: {
    title: 'Llaves de acceso',
    one: 'Llave de acceso',
    signIn: 'Iniciar sesión con una llave de acceso',
    use: 'Usar una llave de acceso',
    why:
      'Con una llave de acceso inicias sesión con tu huella, tu cara o el bloqueo de tu ' +
      'dispositivo. No hay nada que recordar ni nada que una página falsa pueda robar.',
    none: 'Aún no tienes llaves de acceso.',
    count: (count) =>
      plural(count, { one: `${count} llave de acceso`, other: `${count} llaves de acceso` }),
    add: 'Añadir una llave de acceso',
    create: 'Crear la llave de acceso',
    createText: 'Después, el navegador pregunta dónde guardar la llave de acceso.',
    nameHint: 'Distingue esta llave de acceso de las demás y aparece en los correos sobre ella.',
    unsupported: 'Este navegador no puede usar llaves de acceso aquí.',
    cancelled:
      'No se ha usado ninguna llave de acceso. Puedes volver a intentarlo o elegir otra manera.',
    notCreated: 'No se ha creado ninguna llave de acceso. Puedes volver a intentarlo.',
    exists:
      'Ya hay una llave de acceso de tu cuenta en este dispositivo o en tu gestor de contraseñas.',
    failed: 'Las llaves de acceso no han funcionado en este navegador. Elige otra manera.',
    wrong:
      'La llave de acceso no se ha aceptado o ha tardado demasiado. Vuelve a intentarlo o elige ' +
      'otra manera.',
    added: 'La llave de acceso está añadida. Se ha cerrado la sesión en los demás dispositivos.',
    renamed: 'La llave de acceso tiene su nuevo nombre.',
    removed: 'La llave de acceso se ha quitado. Se ha cerrado la sesión en los demás dispositivos.',
    synced: 'En un gestor de contraseñas, en varios dispositivos',
    onOneDevice: 'Solo en un dispositivo',
    created: 'Creación',
    neverUsed: 'Sin usar todavía',
    rename: 'Cambiar el nombre',
    remove: 'Quitar la llave de acceso',
    removeText:
      'Deja de servir para iniciar sesión enseguida, y se cierra la sesión en los demás ' +
      'dispositivos.',
    lastWay:
      'Sin ella no podrías iniciar sesión. Elige antes una contraseña o añade otra llave de ' +
      'acceso.',
    stay: 'Tus llaves de acceso se mantienen y siguen sirviendo para iniciar sesión.',
    offer: 'Inicia sesión sin contraseña',
    later: 'Ahora no',
  },
  identities: {
    title: 'Cuentas vinculadas',
    signIn: 'Iniciar sesión con otro proveedor',
    or: 'o',
    continueWith: (name) => `Continuar con ${name}`,
    text:
      'Cuentas de otros proveedores con las que puedes iniciar sesión aquí. Al vincular o ' +
      'desvincular una se cierra la sesión en los demás dispositivos.',
    none: 'Aún no hay ninguna cuenta vinculada.',
    count: (count) => plural(count, { one: `${count} cuenta`, other: `${count} cuentas` }),
    another: 'Vincular una cuenta',
    link: (name) => `Vincular ${name}`,
    linked: 'La cuenta está vinculada. Se ha cerrado la sesión en los demás dispositivos.',
    unlink: 'Desvincular',
    unlinked: 'La cuenta ya no está vinculada. Se ha cerrado la sesión en los demás dispositivos.',
    since: 'Vinculación',
    neverUsed: 'Sin usar todavía',
    lastWay:
      'Sin ella no podrías iniciar sesión. Elige antes una contraseña o añade una llave de acceso.',
    stay: 'Tus cuentas vinculadas se mantienen y siguen sirviendo para iniciar sesión.',
    taken: 'Esa cuenta ya está vinculada a otra cuenta aquí.',
    refused:
      'El otro proveedor no ha confirmado tu identidad: lo has rechazado, ha tardado demasiado o ' +
      'no nos ha dado ninguna dirección de correo. Vuelve a intentarlo o elige otra manera.',
    notAccepted: 'Esta cuenta no te permite iniciar sesión aquí. Elige otra manera.',
    proveAddress: 'Falta un paso: el código demuestra que la dirección es tuya.',
    signedInWith: (name) => `Sesión iniciada con ${name}`,
  },
  devices: {
    title: 'Dispositivos',
    text: 'Dónde tienes la sesión abierta.',
    current: 'Este dispositivo',
    unknown: 'Dispositivo desconocido',
    lastUsed: 'Último uso',
    since: 'Inicio de sesión',
    signOut: 'Cerrar sesión',
    everywhere: 'Cerrar sesión en todas partes',
    everywhereText: 'Todos los dispositivos, también este.',
    done: 'Se ha cerrado la sesión en ese dispositivo.',
    more: 'Más dispositivos',
  },
  activity: {
    title: 'Actividad',
    text: 'Lo que ha pasado en tu cuenta, lo más reciente primero.',
    none: 'Nada todavía.',
    more: 'Anteriores',
    failed: 'Error',
  },
  data: {
    title: 'Tus datos',
    export: 'Descargar tus datos',
    exportText: 'Todo lo que guardamos sobre ti, en un archivo JSON.',
    download: 'Descargar',
    delete: 'Eliminar tu cuenta',
    deleteText: 'No hay vuelta atrás. Se cierra al momento la sesión en todos los dispositivos.',
    confirm: 'Escribe tu dirección de correo para confirmar',
    deleteAction: 'Eliminar cuenta',
    lastAdmin: 'Ninguna otra cuenta administra el servicio. Da primero ese rol a otra cuenta.',
  },

  refusals: {
    VALIDATION_FAILED: 'Falta corregir algo de lo que has introducido.',
    INVALID_CREDENTIALS: 'La dirección de correo o la contraseña no es correcta.',
    INVALID_OR_EXPIRED_CODE: 'El código no es correcto o ya no sirve.',
    INVALID_OR_EXPIRED_TOKEN: 'El enlace no es correcto, ya se ha usado o es demasiado antiguo.',
    STEP_UP_REQUIRED: 'Confirma que eres tú y vuelve a intentarlo.',
    RATE_LIMITED: 'Demasiados intentos.',
    NOT_FOUND: 'Eso ya no existe.',
    UNKNOWN_PASSKEY: 'El servidor no conoce esta llave de acceso: se ha quitado.',
    PROVIDER_REFUSED:
      'El otro proveedor lo ha rechazado o no responde. Vuelve a intentarlo o elige otra manera.',
    CONFLICT: 'Eso no encaja con el estado actual de tu cuenta. Compruébalo e inténtalo otra vez.',
    UNAUTHENTICATED: 'Tu sesión ha terminado. Vuelve a iniciar sesión.',
    FORBIDDEN: 'Eso no estaba permitido.',
    BAD_USER_INPUT: 'No se ha podido leer lo que se envió.',
    OVERLOADED: 'El servidor está ocupado. Vuelve a intentarlo en un momento.',
    UNAVAILABLE: 'El servicio no está disponible ahora mismo. Vuelve a intentarlo en un momento.',
    INTERNAL_SERVER_ERROR: 'Algo ha fallado por nuestra parte. Vuelve a intentarlo en un momento.',
    FOREIGN_FORM:
      'Este formulario venía de otro sitio, o tu navegador ha ocultado de dónde. Abre la página ' +
      'y vuelve a intentarlo.',
    PAGE_NOT_FOUND: 'No hay ninguna página en esta dirección.',
  },

  problems: {
    INVALID: 'Esto no es correcto.',
    REQUIRED: 'Rellena este campo.',
    TOO_SHORT: 'Es demasiado corto.',
    TOO_LONG: 'Es demasiado largo.',
    INVALID_EMAIL: 'Esto no es una dirección de correo.',
    INVALID_CHARACTER: 'Tiene un carácter que no se puede usar aquí.',
    MISMATCH: 'Esto no coincide.',
    UNCHANGED: 'Ya es así.',
    UNSUPPORTED: 'Esto no se admite.',
    UNSUPPORTED_LOCALE: 'Este idioma no se admite.',
    PASSWORD_COMMON:
      'Mucha gente usa esta contraseña, así que es de las primeras que se prueban. Elige otra.',
    PASSWORD_CONTEXT: 'Se parece demasiado a tu dirección o a tu nombre. Elige otra.',
    PASSWORD_WEAK:
      'Es demasiado fácil de adivinar. Añade unas cuantas palabras sin relación entre sí.',
    PASSWORD_BREACHED: 'Esta contraseña se conoce por una filtración de datos. Elige otra.',
  },

  events: {
    'account.registered': 'Cuenta creada',
    'account.register_repeated': 'Alguien ha intentado registrarse con tu dirección',
    'email.verified': 'Dirección confirmada',
    'session.opened': 'Sesión iniciada',
    'session.closed': 'Sesión cerrada',
    'login.failed': 'Contraseña incorrecta',
    'otp.sent': 'Código enviado',
    'otp.failed': 'Código incorrecto',
    'refresh.reused': 'Se ha usado una sesión copiada y se ha cerrado',
    'signing_key.created': 'Clave de firma creada',
    'signing_key.removed': 'Clave de firma eliminada',
    'session.stepped_up': 'Has confirmado que eres tú',
    'step_up.failed': 'Confirmación fallida',
    'totp.enrollment_started': 'Configuración de una aplicación de autenticación iniciada',
    'totp.enabled': 'Aplicación de autenticación activada',
    'totp.disabled': 'Aplicación de autenticación quitada',
    'recovery_code.used': 'Código de recuperación usado',
    'recovery_codes.regenerated': 'Códigos de recuperación nuevos creados',
    'passkey.added': 'Llave de acceso añadida',
    'passkey.removed': 'Llave de acceso quitada',
    'passkey.renamed': 'Nombre de una llave de acceso cambiado',
    'passkey.backup_changed': 'Copia de seguridad de una llave de acceso cambiada',
    'passkey.failed': 'Llave de acceso rechazada',
    'passkey.clone_suspected': 'Puede que se haya copiado una llave de acceso',
    'identity.linked': 'Cuenta de otro proveedor vinculada',
    'identity.unlinked': 'Cuenta desvinculada',
    'identity.login_failed': 'Inicio de sesión con otro proveedor rechazado',
    'user.suspended': 'Cuenta suspendida por la administración',
    'user.reinstated': 'Cuenta reactivada por la administración',
    'user.roles_changed': 'Roles cambiados por la administración',
    'user.sessions_revoked': 'Sesión cerrada en todas partes por la administración',
    'user.session_revoked': 'Sesión cerrada en un dispositivo por la administración',
    'user.metadata_changed': 'Metadatos cambiados por la administración',
    'user.factors_reset': 'Segundos factores quitados por la administración',
    'user.password_reset': 'Contraseña restablecida por la administración',
    'user.created': 'Cuenta creada por la administración',
    'users.imported': 'Cuenta importada',
    'users.exported': 'Cuentas exportadas',
    'password.reset_requested': 'Enlace para una contraseña nueva pedido',
    'password.reset': 'Contraseña restablecida con un enlace enviado por correo',
    'password.reset_failed': 'Enlace para una contraseña nueva rechazado',
    'password.changed': 'Contraseña cambiada',
    'password.change_failed': 'Cambio de contraseña rechazado',
    'password.breached': 'Contraseña conocida por una filtración de datos',
    'profile.updated': 'Perfil cambiado',
    'email.change_requested': 'Cambio de dirección iniciado',
    'email.changed': 'Dirección cambiada',
    'email.change_undone': 'Cambio de dirección deshecho',
    'account.exported': 'Datos descargados',
    'account.deleted': 'Cuenta eliminada',
    'device.new': 'Sesión iniciada en un dispositivo nuevo',
  },
};
