/**
 * What pages with passkeys do by script, which no passkey works without. Shows what the browser can
 * use, asks it for a passkey or a new one, and sends a form with its answer; on the sign-in it also
 * offers passkeys in the list below the address field. A page that was left open longer than its
 * challenge lives is opened anew when someone comes back to it, unless something was typed. The
 * answer's own `toJSON()` is not used: on those of password managers' extensions it throws.
 */
export const passkeyScript = `const $ = (selector) => document.querySelectorAll(selector);
const { PublicKeyCredential: Key } = window;
const [form] = $('[data-passkey]');
const data = form?.dataset;
const options = form && JSON.parse(data.passkey);
const tell = (what, told) => Key['signal' + what]?.(told).catch(() => {});
let autofill, given;
const jsonOf = ({ id, type, response: from }) => {
  const response = {};
  for (const name in from) {
    if (from[name]?.byteLength) {
      response[name] = btoa(String.fromCharCode(...new Uint8Array(from[name])))
        .replace(/[+/=]/g, (sign) => ({ '+': '-', '/': '_' })[sign] ?? '');
    }
  }
  try { response.transports = from.getTransports(); } catch {}
  return JSON.stringify({ id, rawId: id, type, response });
};
const ask = async (more) => {
  const [does, kind] = options.user ? ['create', 'Creation'] : ['get', 'Request'];
  const publicKey = Key['parse' + kind + 'OptionsFromJSON'](options);
  given = await navigator.credentials[does]({ publicKey, ...more });
  form.elements.credential.value = jsonOf(given);
  form.requestSubmit(form.querySelector('button'));
};
const fill = async () => {
  if (!('autofill' in data) || !await Key.isConditionalMediationAvailable?.()) return;
  autofill = new AbortController();
  ask({ mediation: 'conditional', signal: autofill.signal }).catch(() => {});
};
const begin = async () => {
  const note = form.querySelector('[role=status]');
  autofill?.abort();
  note.textContent = '';
  try {
    await ask();
  } catch ({ name }) {
    note.textContent = name === 'InvalidStateError' ? data.exists
      : /NotA|Abort/.test(name) ? data.cancelled : data.failed;
    fill();
  }
};
if (Key?.parseRequestOptionsFromJSON) {
  for (const part of $('[data-webauthn]')) part.hidden = !part.hidden;
  for (const field of $('[name=offer]')) field.value = 1;
  for (const { dataset } of $('[data-signals]')) {
    for (const what of ['AllAcceptedCredentials', 'CurrentUserDetails'])
      tell(what, JSON.parse(dataset.signals));
  }
  if (form) {
    const late = Date.now() + data.life * 750;
    if (data.unknown)
      tell('UnknownCredential', { rpId: options.rpId, credentialId: data.unknown });
    form.onsubmit = (event) => {
      if (given) return;
      event.preventDefault();
      event.stopPropagation();
      begin();
    };
    document.onvisibilitychange = () => {
      const typed = [...$('main input:not([type=hidden])')].some(({ value }) => value);
      if (!document.hidden && Date.now() > late && !typed)
        location.replace(location.pathname + location.search);
    };
    if ('begins' in data) begin();
    else fill();
  }
}
`.replace(/^ +/gm, '');
