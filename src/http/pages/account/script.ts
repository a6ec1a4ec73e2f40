/**
 * All that the pages do by script; everything works without it. Takes a link's token out of the
 * address before anything else, shows times in the reader's zone, holds the button for another code
 * until it works, and says how many characters a new password lacks.
 */
export const pageScript = `const $ = (selector) => document.querySelectorAll(selector);
const token = /[#&]token=([^&]+)/.exec(location.hash)?.[1];
if (token) {
  history.replaceState(null, '', location.pathname + location.search);
  for (const field of $('[name=token]')) {
    field.value = decodeURIComponent(token);
    field.closest('.field').hidden = true;
  }
}
for (const time of $('time')) {
  time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang,
    { dateStyle: 'medium', timeStyle: 'short' });
}
for (const wait of $('[data-from]')) {
  const button = wait.parentElement.querySelector('button');
  const tick = () => {
    const left = Math.ceil((Date.parse(wait.dataset.from) - Date.now()) / 1000);
    button.disabled = left > 0;
    wait.hidden = left <= 0;
    if (left > 0) setTimeout(tick, 1000);
  };
  tick();
}
`;
