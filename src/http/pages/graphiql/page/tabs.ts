/**
 * What GraphiQL shows at first, a tab each: from no account to an administrator's work. A tab is
 * named by its first operation, which asks how things stand.
 */
export const tabs: readonly string[] = [
  `# The first account.
#
# Several operations stand in each tab: the play
# button asks which to run, and Ctrl-Enter runs the
# one that the cursor is in.
#
# Who am I? If you have signed in on the account
# pages of this browser, this page has taken that
# sign-in over. Otherwise "me" is null: go on here.

query Me {
  me {
    id
    email
    emailVerified
    roles
    createdAt
  }
}

# 1. Register. A six-digit code is mailed; mails
#    land in the Mailbox (link at the top right).

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

# 2. Prove the address: copy the code from the
#    Mailbox into "code". The challenge's id is
#    filled in from the answer before. From then on
#    this page sends the access token along, and
#    "Me" above has an answer. To send another, open
#    Headers below: { "Authorization": "Bearer …" }

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

# 3. Another day: sign in with the password. With
#    an authenticator app a challenge comes back,
#    and VerifyOtp completes it.

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

# Or without it: VerifyOtp takes the mailed code.

mutation RequestLoginCode {
  requestLoginCode(
    input: { email: "you@example.com" }
  ) {
    __typename
    ... on OtpChallenge {
      id
      sentTo
    }
    ... on AuthError {
      code
      message
    }
  }
}
`,
  `# Second factors, for the one who is signed in.

query SecondFactors {
  account {
    hasPassword
    totpEnabled
    recoveryCodesLeft
  }
}

# 1. Begin: type "secret" into an authenticator
#    app, or open "uri" on the phone. An app of
#    yours shows "qrCode", a picture.

mutation StartTotpEnrollment {
  startTotpEnrollment(input: {}) {
    __typename
    ... on TotpEnrollment {
      id
      secret
      uri
      expiresAt
    }
    ... on AuthError {
      code
      message
    }
  }
}

# 2. Write the app's code into "code". From now on
#    signing in takes one. Keep the recovery codes.

mutation ConfirmTotpEnrollment {
  confirmTotpEnrollment(
    input: {
      enrollmentId: ""
      code: ""
    }
  ) {
    __typename
    ... on RecoveryCodes { codes }
    ... on AuthError {
      code
      message
    }
  }
}

# 3. What is delicate asks for a fresh proof: where
#    an answer is STEP_UP_REQUIRED, run this, then
#    VerifyOtp with the app's next code.

mutation Reauthenticate {
  reauthenticate(
    input: {
      password: "velvet lantern orbit maple"
    }
  ) {
    __typename
    ... on AuthTokens { accessToken }
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

mutation VerifyOtp {
  verifyOtp(
    input: {
      challengeId: ""
      code: ""
    }
  ) {
    __typename
    ... on AuthTokens { accessToken }
    ... on AuthError {
      code
      message
    }
  }
}

# 4. Other recovery codes, or no app any more.

mutation RegenerateRecoveryCodes {
  regenerateRecoveryCodes(input: {}) {
    __typename
    ... on RecoveryCodes { codes }
    ... on AuthError {
      code
      message
    }
  }
}

mutation DisableTotp {
  disableTotp(input: {}) {
    __typename
    ... on AuthAccepted { accepted }
    ... on AuthError {
      code
      message
    }
  }
}
`,
  `# Sessions: where you are signed in.

query Sessions {
  account {
    sessions(first: 10) {
      totalCount
      edges {
        node {
          id
          current
          device
          ipAddress
          methods
          lastUsedAt
          expiresAt
        }
      }
    }
  }
}

# What happened to the account.

query Activity {
  account {
    securityEvents(first: 10) {
      edges {
        node {
          at
          type
          outcome
          device
          ipAddress
        }
      }
    }
  }
}

# A new access token. This takes the cookie of a
# sign-in on the account pages. With a refreshToken
# from an answer: input: { refreshToken: "…" }

mutation RefreshSession {
  refreshSession(input: { tokenDelivery: COOKIE }) {
    __typename
    ... on AuthTokens {
      accessToken
      accessTokenExpiresAt
    }
    ... on AuthError {
      code
      message
    }
  }
}

# Ends another one: copy its id from "Sessions".

mutation RevokeSession {
  revokeSession(input: { sessionId: "" }) {
    __typename
    ... on AuthAccepted { accepted }
    ... on AuthError {
      code
      message
    }
  }
}

# Ends this one, or with "everywhere" all of them.

mutation Logout {
  logout(input: { everywhere: false }) {
    __typename
    ... on AuthAccepted { accepted }
    ... on AuthError {
      code
      message
    }
  }
}
`,
  `# Administration, for the role "admin" with an
# authenticator app: latchkey create-admin EMAIL
# makes the first one (docs/administration.md).
# Changes need a fresh proof, as in SecondFactors.

query Administration {
  users(first: 10) {
    totalCount
    edges {
      node {
        id
        email
        name
        status
        roles
        totpEnabled
        lastLoginAt
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}

query AuditTrail {
  auditEvents(first: 10) {
    edges {
      node {
        at
        type
        outcome
        actor { id }
        subject { id }
        reason
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}

# An account whose owner gets a link by mail.

mutation CreateUser {
  createUser(
    input: {
      email: "grace@example.com"
      name: "Grace"
      reason: "a first colleague"
    }
  ) {
    __typename
    ... on User { id email status }
    ... on AuthError {
      code
      message
      fields { path message }
    }
  }
}

# For the others copy an id from "Administration".

mutation SetUserRoles {
  setUserRoles(
    input: { userId: "", roles: ["editor"] }
  ) {
    __typename
    ... on User { id roles }
    ... on AuthError {
      code
      message
    }
  }
}

mutation SuspendUser {
  suspendUser(
    input: { userId: "", reason: "a lost laptop" }
  ) {
    __typename
    ... on User { id status }
    ... on AuthError {
      code
      message
    }
  }
}

mutation ReinstateUser {
  reinstateUser(input: { userId: "" }) {
    __typename
    ... on User { id status }
    ... on AuthError {
      code
      message
    }
  }
}

mutation DeleteUser {
  deleteUser(
    input: { userId: "", reason: "on request" }
  ) {
    __typename
    ... on AuthAccepted { accepted }
    ... on AuthError {
      code
      message
    }
  }
}
`,
];
