import { graphqlRequest } from '../shared/requests.ts';
import { measure } from './measure.ts';
import type { Round } from './round.ts';

const query = `query Users($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on User { id } } }`;

/** What a gateway asks for: a hundred users at a time. The floor has nothing of the kind. */
export async function measureEntities(round: Round): Promise<void> {
  const { stage, servers, signedIn, results, seconds } = round;
  const representations = signedIn.slice(0, 100).map(({ id }) => ({ __typename: 'User', id }));
  const request = graphqlRequest(
    { query, variables: { representations } },
    { 'x-gateway-token': stage.gatewayToken },
  );
  const measured = await measure(stage, servers.latchkey, {
    port: servers.latchkey.port,
    connections: 16,
    seconds,
    warmUpSeconds: 2,
    requests: [request],
    expected: [`{"id":"${representations.at(-1)?.id}"`],
  });
  results.note('_entities of 100, 16 connections', measured);
}
