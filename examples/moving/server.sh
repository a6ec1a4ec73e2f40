umask 077
npm ci && npm run build
psql "$SERVER/postgres" --command 'create database rehearsal'
cat > .env <<SETTINGS
DATABASE_URL=$SERVER/rehearsal
SECRET_KEY=$(openssl rand -base64 32)
PUBLIC_URL=http://localhost:4000
MAIL_TRANSPORT=smtp
SMTP_URL=smtp://localhost:1025
MAIL_FROM=no-reply@example.com
SETTINGS
npx --no-install latchkey --env .env migrate
