MAIL_TRANSPORT=mailbox npx --no-install latchkey --env .env dev > server.log 2>&1 &
curl --silent --retry 60 --retry-delay 1 --retry-connrefused --output /dev/null \
  localhost:4000/readyz
tr '\n' ' ' > sign-in.json <<'REQUEST'
{ "query": "mutation ($input: LoginInput!) {
    login(input: $input) {
      __typename
      ... on AuthTokens { user { id email name roles } }
      ... on OtpChallenge { purpose sentTo }
      ... on AuthError { code message }
    }
  }",
  "variables": { "input": { "email": "ada@example.com", "password": "the old password" } } }
REQUEST
curl --silent --json @sign-in.json localhost:4000/graphql
