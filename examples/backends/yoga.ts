import { createServer } from 'node:http';
import { yogaContext } from '@latchkey/verify';
import { GraphQLError } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { schema } from './schema.ts';
import { verifier } from './verifier.ts';

const yoga = createYoga({ schema, context: yogaContext(verifier, { GraphQLError }) });
export const server = createServer(yoga).listen(Number(process.env['PORT'] ?? 8080));
