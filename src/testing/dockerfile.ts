import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, join, posix } from 'node:path';

type Instruction = { readonly name: string; readonly text: string };
export type Stage = {
  readonly from: string;
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
};

/** Reads a Dockerfile into its stages: continued lines joined, comments left out. */
export function readDockerfile(text: string): Stage[] {
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n');
  const stages: { from: string; name: string | null; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name, rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? [];
    if (name === undefined) continue;
    if (name === 'FROM') {
      const [from = '', , alias] = rest.split(/\s+/);
      stages.push({ from, name: alias ?? null, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push({ name, text: rest });
    }
  }
  return stages;
}

export type BuiltImage = {
  /** The folder that stands for the image's root; of the base image there is nothing in it. */
  readonly root: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | null;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
};

type Options = {
  readonly stages: readonly Stage[];
  /** The folder that files are copied from. */
  readonly context: string;
  /** A folder for a folder of each stage. */
  readonly target: string;
  /** Does a RUN in another way than by its words: true where it has. */
  readonly instead?: (run: {
    readonly command: string;
    readonly stage: string | null;
    readonly directory: string;
  }) => boolean;
};

/**
 * Does the steps of a Dockerfile by hand, each stage in a folder, and answers with the last. Throws
 * where a step fails.
 */
export function buildByHand({ stages, context, target, instead }: Options): BuiltImage {
  const roots = new Map<string, string>();
  let image: BuiltImage | null = null;
  for (const [index, stage] of stages.entries()) {
    const root = join(target, stage.name ?? `stage-${index}`);
    mkdirSync(root, { recursive: true });
    if (stage.name !== null) roots.set(stage.name, root);
    let built: BuiltImage = {
      root,
      directory: '/',
      env: {},
      user: null,
      entrypoint: [],
      command: [],
      healthcheck: [],
    };
    for (const { name, text } of stage.instructions) {
      const here = join(root, built.directory);
      if (name === 'WORKDIR') {
        built = { ...built, directory: posix.resolve(built.directory, text) };
        mkdirSync(join(root, built.directory), { recursive: true });
      } else if (name === 'COPY') {
        copy(text, { here, root, context, roots });
      } else if (name === 'RUN') {
        if (instead?.({ command: text, stage: stage.name, directory: here })) continue;
        const run = spawnSync('sh', ['-ec', text], {
          cwd: here,
          encoding: 'utf8',
          timeout: 300_000,
        });
        if (run.status !== 0) throw new Error(`RUN ${text}\n${run.stdout}\n${run.stderr}`);
      } else if (name === 'ENV') {
        // A value may hold an equals sign too.
        const [, key = '', value = ''] = /^([^=]+)=(.*)$/.exec(text) ?? [];
        built = { ...built, env: { ...built.env, [key]: value } };
      } else if (name === 'USER') built = { ...built, user: text };
      else if (name === 'ENTRYPOINT') built = { ...built, entrypoint: words(text) };
      else if (name === 'CMD') built = { ...built, command: words(text) };
      else if (name === 'HEALTHCHECK')
        built = { ...built, healthcheck: words(text.slice(text.indexOf('CMD ') + 4)) };
      else if (name !== 'EXPOSE') throw new Error(`${name} is not known here.`);
    }
    image = built;
  }
  if (!image) throw new Error('The Dockerfile has no stage.');
  return image;
}

/** The form of lists; that of a shell's line is not taken. */
function words(text: string): readonly string[] {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw new Error('This is no list.');
  return list.map(String);
}

type Places = { here: string; root: string; context: string; roots: ReadonlyMap<string, string> };

function copy(text: string, { here, root, context, roots }: Places): void {
  const parts = text.split(/\s+/);
  const from = parts.find((part) => part.startsWith('--from='))?.slice('--from='.length);
  const source = from === undefined ? context : roots.get(from);
  if (source === undefined) throw new Error(`There is no stage ${from}.`);
  const paths = parts.filter((part) => !part.startsWith('--'));
  const destination = paths.pop() ?? '';
  const to = destination.startsWith('/') ? join(root, destination) : join(here, destination);
  for (const path of paths) {
    const file = join(source, path);
    // A folder gives its contents; a file goes into a folder that ends with a slash.
    const isInto = destination.endsWith('/') && !statSync(file).isDirectory();
    cpSync(file, isInto ? join(to, basename(file)) : to, {
      recursive: true,
      verbatimSymlinks: true,
    });
    if (!existsSync(to)) throw new Error(`COPY ${text}`);
  }
}
