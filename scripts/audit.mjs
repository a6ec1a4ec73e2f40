// Asks the registry for advisories against what production installs. Fails on a high or critical
// one that is not accepted in audit-accepted.json, or whose acceptance has run out
// (docs/security.md, "Dependencies"). Without an answer it says so and passes.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The report of `npm audit`, or null where the registry gives none. */
function readReport() {
  const { stdout } = spawnSync('npm', ['audit', '--json', '--omit=dev'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  try {
    const report = JSON.parse(stdout);
    return report.auditReportVersion === 2 ? report : null;
  } catch {
    return null;
  }
}

/**
 * The advisories themselves; an entry that is a string only says through which package one comes.
 */
function advisoriesOf(report) {
  const all = Object.values(report.vulnerabilities).flatMap(({ via }) =>
    via.filter((item) => typeof item === 'object'),
  );
  return [...new Map(all.map((advisory) => [advisory.url, advisory])).values()];
}

const report = process.argv[2] ? JSON.parse(readFileSync(process.argv[2], 'utf8')) : readReport();
if (report) {
  const accepted = JSON.parse(
    readFileSync(new URL('../audit-accepted.json', import.meta.url), 'utf8'),
  );
  const today = new Date().toISOString().slice(0, 10);
  for (const { url, severity, name, title } of advisoriesOf(report)) {
    const until = accepted.find(({ advisory }) => url.endsWith(`/${advisory}`))?.until;
    const isGate = severity === 'high' || severity === 'critical';
    const fails = isGate && !(until && today <= until);
    if (fails) process.exitCode = 1;
    const advisory = [fails ? 'FAIL' : 'note', severity, name, title, url];
    console.log([...advisory, ...(until ? [`accepted until ${until}`] : [])].join('  '));
  }
  if (!process.exitCode)
    console.log('No advisory against what production installs is past its fix time.');
} else {
  console.log(
    'The registry does not answer questions about advisories from here; nothing was checked.',
  );
}
