/**
 * What stays outside the bundle and is installed beside it: packages with binaries, packages with
 * files beside their code, and optional ones.
 */
export const external = [/^@node-rs\//, /^@electric-sql\//, /^@opentelemetry\//];
