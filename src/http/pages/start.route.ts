import type { FastifyInstance } from 'fastify';
import type { Config } from '../../config/read-config.ts';
import { startPage } from './start.page.ts';
import { sendToolsPage, type Tools } from './tools-page.ts';

type Start = { readonly config: Config; readonly tools: Tools };

/** `GET /` of a development server: the start page. */
export function startRoute(fastify: FastifyInstance, { config, tools }: Start): void {
  fastify.get('/', (_request, reply) => sendToolsPage(reply, tools, startPage(config, tools)));
}

/** `GET /` in production: the account pages. */
export function homeRoute(fastify: FastifyInstance): void {
  fastify.get('/', (_request, reply) => reply.redirect('/account', 303));
}
