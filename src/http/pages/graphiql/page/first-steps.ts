/** What GraphiQL shows at first, a tab each: from no account to the first signed-in query. */
export const firstSteps: readonly string[] = [
  `# Welcome to Latchkey. These tabs lead from no
# account to a query that knows who you are.
#
# 1. Register: press the play button. A six-digit
#    code is mailed; in development every mail
#    lands in the Mailbox (link at the top right).

mutation Register {
  register(
    input: {
      email: "you@example.com"
      password: "velvet lantern orbit maple"
    }
  ) {
    __typename
    ... on OtpChallenge {
      id
      sentTo
      expiresAt
    }
    ... on AuthError {
      code
      message
      fields { path message }
    }
  }
}
`,
  `# 2. Prove the address: copy the code from the
#    Mailbox into "code". The challenge's id is
#    filled in from the answer of step 1.

mutation VerifyOtp {
  verifyOtp(
    input: {
      challengeId: ""
      code: ""
    }
  ) {
    __typename
    ... on AuthTokens {
      accessToken
      accessTokenExpiresAt
      refreshToken
      user { id email }
    }
    ... on OtpChallenge {
      id
      methods
    }
    ... on AuthError {
      code
      message
    }
  }
}
`,
  `# 3. Who am I? The page has kept the access token
#    of step 2 and sends it along. To send another,
#    open Headers below and write
#    { "Authorization": "Bearer …" }

query Me {
  me {
    id
    email
    emailVerified
    roles
    createdAt
  }
}
`,
  `# 4. Another day: sign in with the password. With
#    a second factor enrolled an OtpChallenge comes
#    back, and VerifyOtp completes it.

mutation Login {
  login(
    input: {
      email: "you@example.com"
      password: "velvet lantern orbit maple"
    }
  ) {
    __typename
    ... on AuthTokens {
      accessToken
      accessTokenExpiresAt
      refreshToken
      user { id email }
    }
    ... on OtpChallenge {
      id
      methods
      sentTo
    }
    ... on AuthError {
      code
      message
    }
  }
}
`,
];

/**
 * Puts a challenge's id where a query leaves it open, or still names one that was filled in before.
 */
export function fillChallenge(
  query: string,
  challengeId: string,
  earlier: ReadonlySet<string>,
): string {
  return query.replace(/(\bchallengeId:\s*)"([\w-]*)"/, (whole, name: string, value: string) =>
    value === '' || earlier.has(value) ? `${name}"${challengeId}"` : whole,
  );
}
