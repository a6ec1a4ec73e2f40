import { attribute, below, type Element, textOf } from './page-html.ts';

/** A form that was filled in, as a browser sends it. */
export type FilledForm = {
  readonly method: 'GET' | 'POST';
  /** Empty: the page's own address. */
  readonly action: string;
  readonly fields: URLSearchParams;
  readonly isMultipart: boolean;
};

type Options = {
  /** By name; the others are sent as the page has prefilled them. */
  readonly fields: Readonly<Record<string, string>>;
  /** Sends what a browser would hold back: empty where something is required, or too long. */
  readonly unchecked: boolean;
};

/**
 * Fills in the form of the button with this value or text, and sends it by that button. Throws
 * where there is no such button or field, and where a browser would not let it be sent.
 */
export function fillIn(page: readonly Element[], label: string, options: Options): FilledForm {
  const { form, button } = findButton(page, label);
  const controls = below(form).filter(isControl);
  const names = new Set(controls.map((control) => attribute(control, 'name')));
  const missing = Object.keys(options.fields).find((name) => !names.has(name));
  if (missing !== undefined) throw new Error(`The form of "${label}" has no field "${missing}".`);
  const isChecked =
    !options.unchecked &&
    attribute(button, 'formnovalidate') === undefined &&
    attribute(form, 'novalidate') === undefined;
  const fields = new URLSearchParams();
  for (const control of controls) {
    const name = attribute(control, 'name') ?? '';
    const value = options.fields[name] ?? presentValue(control);
    if (isChecked) assertTaken(control, value ?? '');
    if (value !== null) fields.append(name, value);
  }
  const name = attribute(button, 'name');
  if (name !== undefined) fields.append(name, attribute(button, 'value') ?? '');
  return {
    method: attribute(form, 'method')?.toUpperCase() === 'POST' ? 'POST' : 'GET',
    action: attribute(button, 'formaction') ?? attribute(form, 'action') ?? '',
    fields,
    isMultipart: attribute(form, 'enctype') === 'multipart/form-data',
  };
}

/** What the buttons of a page say. */
export function buttonTexts(page: readonly Element[]): string[] {
  return page.filter(({ tagName }) => tagName === 'button').map(textOf);
}

/** By its value first, then by its text or label; of several, the one in the page's own part. */
function findButton(
  page: readonly Element[],
  label: string,
): { readonly form: Element; readonly button: Element } {
  const main = page.filter(({ tagName }) => tagName === 'main').flatMap(below);
  for (const elements of [main, page]) {
    const forms = elements.filter(({ tagName }) => tagName === 'form');
    const pairs = forms.flatMap((form) =>
      below(form)
        .filter(({ tagName }) => tagName === 'button')
        .map((button) => ({ form, button })),
    );
    const found =
      pairs.find(({ button }) => attribute(button, 'value') === label) ??
      pairs.find(({ button }) => attribute(button, 'aria-label') === label) ??
      pairs.find(({ button }) => textOf(button) === label);
    if (found) return found;
  }
  throw new Error(`There is no button "${label}", only ${buttonTexts(page).join(', ')}.`);
}

function isControl(element: Element): boolean {
  return (
    ['input', 'select', 'textarea'].includes(element.tagName) &&
    attribute(element, 'name') !== undefined &&
    attribute(element, 'disabled') === undefined
  );
}

/** Null for what a browser leaves out. */
function presentValue(control: Element): string | null {
  if (control.tagName === 'select') {
    const options = below(control).filter(({ tagName }) => tagName === 'option');
    const chosen = options.find((one) => attribute(one, 'selected') !== undefined) ?? options[0];
    return chosen === undefined ? null : (attribute(chosen, 'value') ?? textOf(chosen));
  }
  if (control.tagName === 'textarea') return textOf(control);
  const type = attribute(control, 'type') ?? 'text';
  if (type === 'checkbox' || type === 'radio')
    return attribute(control, 'checked') === undefined
      ? null
      : (attribute(control, 'value') ?? 'on');
  return attribute(control, 'value') ?? '';
}

/** As a browser checks before it sends (HTML, constraint validation). */
function assertTaken(control: Element, value: string): void {
  const name = attribute(control, 'name');
  if (attribute(control, 'required') !== undefined && value === '')
    throw new Error(`A browser does not send the form: "${name}" is empty.`);
  if (value.length > Number(attribute(control, 'maxlength') ?? Number.POSITIVE_INFINITY))
    throw new Error(`A browser does not take that much into "${name}".`);
}
