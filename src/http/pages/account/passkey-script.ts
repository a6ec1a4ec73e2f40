/**
 * What pages with passkeys do by script, which no passkey works without. Shows what the browser can
 * use, asks it for a passkey or a new one, and sends a form with its answer; on the sign-in it also
 * offers passkeys in the list below the address field. A page that was left open longer than its
 * challenge lives is opened anew when someone comes back to it, unless something was typed.
 */
export const passkeyScript = `const $ = (selector) => document.querySelectorAll(selector);
const { PublicKeyCredential: Key } = window;
const [form] = $('[data-passkey]');
const options = form && JSON.parse(form.dataset.passkey);
const has = (mark) => mark in form.dataset;
const tell = (signal, data) => Key[signal]?.(data).catch(() => {});
let autofill, given;
const ask = async (more) => {
  const { credentials } = navigator;
  given = await (options.user
    ? credentials.create({ publicKey: Key.parseCreationOptionsFromJSON(options) })
    : credentials.get({ publicKey: Key.parseRequestOptionsFromJSON(options), ...more }));
  form.elements.credential.value = JSON.stringify(given);
  form.elements.credentialId.value = given.id;
  form.requestSubmit(form.querySelector('button'));
};
const fill = async () => {
  if (!has('autofill') || !await Key.isConditionalMediationAvailable?.()) return;
  autofill = new AbortController();
  ask({ mediation: 'conditional', signal: autofill.signal }).catch(() => {});
};
const begin = async () => {
  const note = form.querySelector('[role=status]');
  const texts = form.dataset;
  autofill?.abort();
  note.textContent = '';
  try {
    await ask();
  } catch ({ name }) {
    note.textContent = name === 'InvalidStateError' ? texts.exists
      : /^(NotAllowed|Abort)Error$/.test(name) ? texts.cancelled : texts.failed;
    fill();
  }
};
if (Key?.parseRequestOptionsFromJSON) {
  for (const part of $('[data-webauthn]')) part.hidden = !part.hidden;
  for (const field of $('[name=offer]')) field.value = 1;
  for (const { dataset } of $('[data-signals]')) {
    const signals = JSON.parse(dataset.signals);
    tell('signalAllAcceptedCredentials', signals);
    tell('signalCurrentUserDetails', signals);
  }
  if (form) {
    const { unknown, life } = form.dataset;
    const late = Date.now() + life * 750;
    if (unknown)
      tell('signalUnknownCredential', { rpId: options.rpId, credentialId: unknown });
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
    if (has('begins')) begin();
    else fill();
  }
}
`;
