MAIL_TRANSPORT=mailbox npx --no-install latchkey --env .env dev > server.log 2>&1 &
curl --silent --retry 60 --retry-delay 1 --retry-connrefused --output /dev/null \
  localhost:4000/readyz
tr '\n' ' ' > code.json <<'REQUEST'
{ "query": "mutation ($input: RequestLoginCodeInput!) {
    requestLoginCode(input: $input) {
      __typename
      ... on OtpChallenge { id sentTo }
      ... on AuthError { code message }
    }
  }",
  "variables": { "input": { "email": "ada@example.com" } } }
REQUEST
curl --silent --json @code.json localhost:4000/graphql
