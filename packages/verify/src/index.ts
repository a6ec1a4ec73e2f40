export {
  type Caller,
  createVerifier,
  type Verifier,
  type VerifierOptions,
  type WithHeaders,
} from './create-verifier.ts';
export { KeysUnavailableError, RefusedTokenError } from './errors.ts';
export { expressAuth } from './express.ts';
export { fastifyAuth, type WithCaller } from './fastify.ts';
export { apolloContext, yogaContext } from './graphql-context.ts';
