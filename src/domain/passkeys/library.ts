/**
 * @simplewebauthn/server, loaded with the first passkey: most of it reads certificates, and servers
 * without passkeys need not hold it in memory.
 */
export async function loadWebAuthn() {
  const [server, helpers] = await Promise.all([
    import('@simplewebauthn/server'),
    import('@simplewebauthn/server/helpers'),
  ]);
  return {
    verifyAssertion: server.verifyAuthenticationResponse,
    verifyRegistration: server.verifyRegistrationResponse,
    decodeAttestation: helpers.decodeAttestationObject,
    decodeKey: helpers.decodeCredentialPublicKey,
    encodeKey: helpers.isoCBOR.encode,
    parseAuthenticatorData: helpers.parseAuthenticatorData,
  };
}
