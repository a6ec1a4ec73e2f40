# The digest is that of the tag beside it: change both together (docs/operations.md, "Containers").
FROM node:24.18.0-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json schema.graphql ./
COPY scripts ./scripts
COPY packages/client/src ./packages/client/src
COPY apps ./apps
COPY src ./src
RUN node scripts/build.mjs --server

FROM node:24.18.0-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund
# Files of packages that are not needed at run time: source maps, types, their own tests.
RUN find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
RUN find node_modules -type d \( -name test -o -name tests -o -name __tests__ -o -name spec -o -name fixtures \) -prune -exec rm -rf {} +
RUN find node_modules -type f \( -name '*.test.*' -o -name '*.spec.*' \) -delete

FROM node:24.18.0-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d
# Newer versions of Node let new objects take 128 MB before a garbage collection (docs/decisions/030-bundled-server.md).
ENV NODE_OPTIONS=--max-semi-space-size=8
# Hashes at once follow the cores, up to one less than this (BCRYPT_CONCURRENCY).
ENV UV_THREADPOOL_SIZE=16
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY bin ./bin
COPY drizzle ./drizzle
COPY scripts/healthcheck.mjs ./healthcheck.mjs
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["node", "healthcheck.mjs"]
ENTRYPOINT ["node", "bin/latchkey.js"]
CMD ["start"]
