/**
 * All that the pages do by script; everything works without it. Takes a link's token out of the
 * address before anything else, shows times in the reader's zone, counts down to when another code
 * can be asked for, says how many characters a new password lacks once its field is left, and says
 * that an answer is awaited.
 */
export const pageScript = `const $ = (selector) => document.querySelectorAll(selector);
const { lang } = document.documentElement;
const token = /[#&]token=([^&]+)/.exec(location.hash)?.[1];
if (token) {
  history.replaceState(null, '', location.pathname + location.search);
  for (const field of $('.field [name=token]')) {
    field.value = decodeURIComponent(token);
    field.closest('.field').hidden = true;
  }
}
for (const time of $('time')) {
  time.textContent = new Date(time.dateTime).toLocaleString(lang,
    { dateStyle: 'medium', timeStyle: 'short' });
}
for (const wait of $('[data-wait]')) {
  const button = wait.parentElement.querySelector('button');
  const end = Date.now() + wait.dataset.wait * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    button.disabled = left > 0;
    wait.hidden = left < 1;
    wait.querySelector('span').textContent =
      new Intl.RelativeTimeFormat(lang).format(left, 'second');
    if (left > 0) setTimeout(tick, 1000);
  };
  tick();
}
for (const note of $('[data-short]')) {
  const field = note.parentElement.querySelector('input');
  field.onchange = () => {
    const missing = field.minLength - [...field.value.normalize()].length;
    note.textContent =
      missing > 0 ? note.dataset.short + ' ' + missing : note.dataset.enough;
  };
}
const moment = $('[data-moment]')[0];
onsubmit = ({ target }) => {
  if (!target.dataset.file) {
    setTimeout(() => { moment.textContent = moment.dataset.moment; }, 200);
  }
};
onpageshow = () => { moment.textContent = ''; };
`;
