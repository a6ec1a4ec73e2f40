/** A file that `latchkey init` writes. */
export type InitFile = {
  readonly name: string;
  readonly text: string;
  /** What it is, for who has just asked for it. */
  readonly about: string;
  /** Permission bits. */
  readonly mode: number;
};

/** Made anew for each folder. */
export type InitSecrets = {
  /** Base64. */
  readonly secretKey: string;
  /** Base64url, so that it stands in a URL as it is. */
  readonly databasePassword: string;
  readonly gatewayToken: string;
};

/** What `latchkey init` writes; `version` is that of the image and of the packages. */
export function initFiles(version: string, secrets: InitSecrets): readonly InitFile[] {
  const about = 'the server, its database and a mail catcher, for docker compose';
  return [
    { name: 'compose.yaml', text: composeOf(version), about, mode: 0o644 },
    { name: '.env', text: environmentOf(secrets), about: 'settings and new secrets', mode: 0o600 },
    { name: 'README.md', text: readmeOf(version), about: 'what to do first', mode: 0o644 },
  ];
}

// Those of compose.yaml at the root of the repository; a test compares them.
const postgresImage =
  'postgres:18.4-bookworm@sha256:' +
  '1961f96e6029a02c3812d7cb329a3b03a3ac2bb067058dec17b0f5596aca9296';
const mailImage =
  'axllent/mailpit:v1.31.2@sha256:' +
  '74d609a42ec279aa63c6b4622a6fa9b5408d1ad5b1d76a1c4be40a265ce0863d';
/** In the network of compose.yaml, whose password comes from .env. */
const databaseInside =
  `postgres://latchkey:\${DATABASE_PASSWORD:?is in .env}@database:5432/latchkey` +
  '?sslmode=disable';

const composeOf = (version: string): string => `\
# Made by \`latchkey init\`. Start it: docker compose up --wait
services:
  latchkey:
    image: \${LATCHKEY_IMAGE:-latchkey:${version}}
    env_file: .env
    environment:
      # In .env the host is this machine; here it is the service below, on a network of its own.
      DATABASE_URL: ${databaseInside}
      ALLOW_INSECURE_DATABASE: 'true'
    ports:
      - 127.0.0.1:4000:4000
      # The mail catcher, which shares this container's network: SMTP, and its page.
      - 127.0.0.1:1025:1025
      - 127.0.0.1:8025:8025
    depends_on:
      database:
        condition: service_healthy
    read_only: true
    cap_drop: [ALL]
    security_opt: ['no-new-privileges:true']
    stop_grace_period: 30s
    restart: unless-stopped
  database:
    image: ${postgresImage}
    environment:
      POSTGRES_USER: latchkey
      POSTGRES_DB: latchkey
      POSTGRES_PASSWORD: \${DATABASE_PASSWORD:?is in .env}
    ports:
      - 127.0.0.1:5432:5432
    volumes:
      - database:/var/lib/postgresql
    healthcheck:
      test: [CMD, pg_isready, --username=latchkey, --dbname=latchkey, --host=127.0.0.1]
      interval: 2s
      timeout: 2s
      retries: 30
    restart: unless-stopped
  mail:
    image: ${mailImage}
    network_mode: service:latchkey
    restart: unless-stopped
volumes:
  database:
`;

function environmentOf({ secretKey, databasePassword, gatewayToken }: InitSecrets): string {
  return [
    '# Made by `latchkey init`, with secrets that nobody else has. Keep it out of version control.',
    '# docs/operations.md of Latchkey lists every variable.',
    '',
    '# The origin of the server, as browsers see it.',
    'PUBLIC_URL=http://localhost:4000',
    '',
    '# Keep a copy apart from every backup of the database: without it no password fits.',
    `SECRET_KEY=${secretKey}`,
    '',
    '# PostgreSQL takes the password at its first start; later it is changed there, too.',
    `DATABASE_PASSWORD=${databasePassword}`,
    `DATABASE_URL=postgres://latchkey:${databasePassword}@127.0.0.1:5432/latchkey`,
    '',
    '# Mail goes to the catcher, which shows it at http://localhost:8025 and delivers nothing.',
    'MAIL_TRANSPORT=smtp',
    'SMTP_URL=smtp://127.0.0.1:1025',
    'MAIL_FROM=Latchkey <no-reply@example.com>',
    '',
    '# An app on an origin of its own, and where links in mails lead; empty: the built-in pages.',
    'CORS_ORIGINS=',
    'APP_URL=',
    '',
    '# What a gateway before a federated graph shows to this server.',
    `GATEWAY_TOKEN=${gatewayToken}`,
    '',
  ].join('\n');
}

const readmeOf = (version: string): string => `\
# Accounts, by Latchkey

Made by \`latchkey init\`: \`compose.yaml\` has the server, its database and a mail catcher,
\`.env\` their settings and secrets. Nobody else has these secrets. Keep \`.env\` out of version
control.

## 1. Start it

No image is published yet. Build it once from a checkout of Latchkey, then start:

\`\`\`sh
docker build --tag latchkey:${version} ../latchkey
docker compose up --wait
\`\`\`

## 2. Look around

| where | what |
| --- | --- |
| <http://localhost:4000/account> | sign up, sign in, passkeys, sessions |
| <http://localhost:8025> | the mails, with their codes |
| <http://localhost:4000/console> | the administrators' console |
| <http://localhost:4000/graphql> | the API |

The first administrator comes from here; an authenticator app is set up with it:

\`\`\`sh
docker compose exec latchkey node bin/latchkey.js create-admin you@example.com
\`\`\`

## 3. Your app

Name its origin in \`.env\`, and start again with \`docker compose up --wait\`:

\`\`\`sh
CORS_ORIGINS=http://localhost:5173
\`\`\`

\`latchkey init --react my-app\` writes a small one that signs in; its origin is
<http://localhost:3000>. docs/integrations of Latchkey has the ways for web apps, phones, backends
and gateways.

## 4. Before the Internet

- \`PUBLIC_URL=https://auth.example.com\`, behind a proxy with TLS, which \`TRUSTED_PROXIES\` names.
- \`SMTP_URL\` or Resend, and a \`MAIL_FROM\` of your domain. Take the service \`mail\` out.
- \`docker compose exec latchkey node bin/latchkey.js doctor\` says what is missing.
- Backups, several servers, metrics: docs/deployment.md of Latchkey.
`;
