// Code in the documents is taken from files that tests compile and run: the line
// `<!-- from: PATH -->` or `<!-- from: PATH#REGION -->` before a fenced block names the file, or
// what stands in it between `#region REGION` and `#endregion REGION`. Writes the blocks anew;
// with `--check` it says instead which differ.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const block = /^<!-- from: ([^\s#]+)(?:#([\w-]+))? -->\n+```(\w+)\n(.*?)^```$/gms;
const isCheck = process.argv.includes('--check');

function textOf(path, region) {
  const text = readFileSync(path, 'utf8');
  if (region === undefined) return text;
  const lines = text.split('\n');
  const begin = lines.findIndex((line) => line.trim().endsWith(`#region ${region}`));
  const end = lines.findIndex((line) => line.trim().endsWith(`#endregion ${region}`));
  if (begin < 0 || end < begin) throw new Error(`${path} has no region ${region}.`);
  return `${outdented(lines.slice(begin + 1, end)).join('\n')}\n`;
}

function outdented(lines) {
  const indents = lines.filter((line) => line !== '').map((line) => line.search(/\S/));
  const least = Math.min(...indents);
  return lines.map((line) => line.slice(least));
}

const known = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'];
const pages = execFileSync('git', known, { encoding: 'utf8' }).trim().split('\n');
for (const page of pages) {
  const before = readFileSync(page, 'utf8');
  const after = before.replace(block, (_all, path, region, language) => {
    const from = `${path}${region === undefined ? '' : `#${region}`}`;
    return `<!-- from: ${from} -->\n\n\`\`\`${language}\n${textOf(path, region)}\`\`\``;
  });
  if (after === before) continue;
  if (isCheck) {
    process.stderr.write(`${page} shows code that differs from its files: run npm run fix.\n`);
    process.exitCode = 1;
  } else {
    writeFileSync(page, after);
  }
}
