export {
  type Caller,
  createVerifier,
  type Verifier,
  type VerifierOptions,
  type WithHeaders,
} from './create-verifier.ts';
export { KeysUnavailableError, RefusedTokenError } from './errors.ts';
export { expressAuth, expressGuard } from './express.ts';
export { fastifyAuth, fastifyGuard, type WithCaller } from './fastify.ts';
export { apolloContext, yogaContext } from './graphql-context.ts';
export {
  anyOf,
  type Denial,
  type Guard,
  type Guards,
  maxAge,
  required,
  requireFactor,
  requireRole,
  requireScope,
  requireThat,
} from './guards.ts';
export { honoAuth, honoGuard } from './hono.ts';
export { protect } from './protect.ts';
