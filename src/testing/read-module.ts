import { parseSync, Visitor } from 'rolldown/utils';

export type Import = {
  readonly from: string;
  /** Nothing of it is left when types are erased. */
  readonly isType: boolean;
};

export type Module = {
  /** Static, dynamic and re-exporting imports, and the types among them. */
  readonly imports: readonly Import[];
  /** The members that are read (`Date.now`), and `new Date()`. */
  readonly uses: readonly string[];
};

/** What a module of TypeScript imports and uses. Throws where it cannot be parsed. */
export function readModule(file: string, text: string): Module {
  const { program, errors } = parseSync(file, text, { lang: file.endsWith('x') ? 'tsx' : 'ts' });
  if (errors.length > 0) throw new Error(`${file}: ${errors.map(({ message }) => message)}`);
  const imports: Import[] = [];
  const uses: string[] = [];
  const add = (source: { readonly value?: unknown } | null, isType: boolean): void => {
    if (typeof source?.value === 'string') imports.push({ from: source.value, isType });
  };
  new Visitor({
    ImportDeclaration: ({ source, importKind, specifiers }) =>
      add(source, importKind === 'type' || isEveryOneType(specifiers)),
    ExportAllDeclaration: ({ source, exportKind }) => add(source, exportKind === 'type'),
    ExportNamedDeclaration: ({ source, exportKind }) => add(source, exportKind === 'type'),
    ImportExpression: ({ source }) => add(source as { value?: unknown }, false),
    TSImportType: ({ source }) => add(source, true),
    MemberExpression: ({ start, end }) => {
      uses.push(text.slice(start, end));
    },
    NewExpression: ({ start, end, arguments: { length } }) => {
      if (length === 0) uses.push(text.slice(start, end));
    },
  }).visit(program);
  return { imports, uses };
}

function isEveryOneType(specifiers: readonly object[]): boolean {
  const isType = (one: object) => 'importKind' in one && one.importKind === 'type';
  return specifiers.length > 0 && specifiers.every(isType);
}
