import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import {
  type Alternatives,
  type Demand,
  demandOf,
  type Marked,
  namesIn,
} from './access-directives.ts';
import type { Caller } from './create-verifier.ts';
import { errorOf } from './ensure-caller.ts';
import { anonymous, type Denial, forbidden, scopesIn } from './guards.ts';

export type EnforceOptions<Context> = {
  /** Who asks, by the context of the operation; null for an anonymous request. */
  readonly callerOf: (context: Context) => Caller | null | undefined;
  /** What a caller may do; unless set, what the claim `scope` of the token says. */
  readonly scopesOf?: (caller: Caller) => readonly string[];
  /**
   * Whether a policy lets a signed-in caller in. Asked once for each policy of an operation. Needed
   * where the schema has `@policy`.
   */
  readonly decide?: (
    policy: string,
    caller: Caller,
    context: Context,
  ) => boolean | Promise<boolean>;
};

/**
 * Applies Apollo Federation's `@authenticated`, `@requiresScopes` and `@policy` in any GraphQL.js
 * server, on fields and on the types that they belong to or return. A refused field is null, with
 * an error (UNAUTHENTICATED or FORBIDDEN), and its resolver is not run. Wraps the resolvers of the
 * schema that it is given, and returns it. Throws TypeError for a schema that it cannot enforce.
 */
export function enforceScopes<Context>(
  schema: GraphQLSchema,
  options: EnforceOptions<Context>,
): GraphQLSchema {
  const names = namesIn(schema);
  const decisions: Decisions = new WeakMap();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObject(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const demands = placesOf(type, field).flatMap(
        ([marked, where]) => demandOf(marked, names, where) ?? [],
      );
      if (demands.length === 0) continue;
      guardField(field, judgeOf(demands, options, decisions, `${type}.${field.name}`));
    }
  }
  return schema;
}

/** By its tag: graphql's own check fails where npm has installed two copies of it. */
function isObject(type: GraphQLNamedType): type is GraphQLObjectType {
  return Object.prototype.toString.call(type) === '[object GraphQLObjectType]';
}

function namedType(type: GraphQLOutputType): GraphQLNamedType {
  return 'ofType' in type ? namedType(type.ofType) : type;
}

/** Where directives stand that concern a field of an object, each with its name. */
function placesOf(
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
): [Marked, string][] {
  const own: (GraphQLObjectType | GraphQLInterfaceType)[] = [type, ...type.getInterfaces()];
  const fields = own.flatMap((each): [Marked, string][] => {
    const same = each.getFields()[field.name];
    return same ? [[same, `${each}.${field.name}`]] : [];
  });
  const returned = namedType(field.type);
  const types = [
    ...own,
    returned,
    ...('getInterfaces' in returned ? returned.getInterfaces() : []),
  ];
  return [...fields, ...types.map((each): [Marked, string] => [each, String(each)])];
}

type Verdict = Denial | null;
type Judge<Context> = (context: Context, info: GraphQLResolveInfo) => Verdict | Promise<Verdict>;
type Resolver<Context> = GraphQLFieldResolver<unknown, Context>;

function guardField<Context>(field: GraphQLField<unknown, Context>, judge: Judge<Context>): void {
  const { resolve = defaultFieldResolver, subscribe } = field;
  field.resolve = guarded(resolve, judge);
  // A subscription is judged before it begins, and by `resolve` at each event.
  if (subscribe) field.subscribe = guarded(subscribe, judge);
}

function guarded<Context>(resolve: Resolver<Context>, judge: Judge<Context>): Resolver<Context> {
  return (source, args, context, info) => {
    const run = (denial: Verdict): unknown => {
      if (denial !== null) throw errorOf(denial);
      return resolve(source, args, context, info);
    };
    const verdict = judge(context, info);
    return verdict instanceof Promise ? verdict.then(run) : run(verdict);
  };
}

function judgeOf<Context>(
  demands: readonly Demand[],
  { callerOf, scopesOf = scopesIn, decide }: EnforceOptions<Context>,
  decisions: Decisions,
  where: string,
): Judge<Context> {
  const scopes = demands.flatMap((demand) => demand.scopes);
  const policies = demands.flatMap((demand) => demand.policies);
  if (policies.length > 0 && !decide) throw new TypeError(`@policy of ${where} needs decide.`);
  return (context, info) => {
    const caller = callerOf(context) ?? null;
    if (caller === null) return anonymous;
    const granted = new Set(scopesOf(caller));
    if (!scopes.every((alternatives) => isMet(alternatives, granted)))
      return forbidden('SCOPE_MISSING');
    if (!decide || policies.length === 0) return null;
    const answers = answersFor(caller, info, decisions);
    return judgePolicies(policies, (policy) => {
      const answer = answers.get(policy) ?? ask(() => decide(policy, caller, context));
      answers.set(policy, answer);
      return answer;
    });
  };
}

const isMet = (alternatives: Alternatives, granted: ReadonlySet<string>): boolean =>
  alternatives.some((names) => names.every((name) => granted.has(name)));

async function judgePolicies(
  policies: readonly Alternatives[],
  decided: (policy: string) => Promise<boolean>,
): Promise<Verdict> {
  const names = [...new Set(policies.flat(2))];
  const answers = await Promise.all(names.map(decided));
  const granted = new Set(names.filter((_name, index) => answers[index]));
  const isGranted = policies.every((alternatives) => isMet(alternatives, granted));
  return isGranted ? null : forbidden('POLICY_REFUSED');
}

/** SECURITY: nothing but true lets in, not even what JavaScript takes for true. */
async function ask(decide: () => boolean | Promise<boolean>): Promise<boolean> {
  return (await decide()) === true;
}

type Answers = Map<string, Promise<boolean>>;
/** By the values of an operation's variables, an object that each execution makes anew. */
type Decisions = WeakMap<object, { readonly caller: Caller; readonly answers: Answers }>;

function answersFor(
  caller: Caller,
  { variableValues }: GraphQLResolveInfo,
  decisions: Decisions,
): Answers {
  const known = decisions.get(variableValues);
  if (known?.caller === caller) return known.answers;
  const answers: Answers = new Map();
  decisions.set(variableValues, { caller, answers });
  return answers;
}
