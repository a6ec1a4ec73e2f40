import type { OperationVariables, TypedDocumentNode } from '@apollo/client';
import { useQuery } from '@apollo/client/react';
import { type ReactNode, type RefObject, useEffect, useId, useRef } from 'react';
import type { Connection } from '../api/documents.ts';
import { text } from '../text.ts';
import { announce } from './announce.tsx';
import { Failed } from './failed.tsx';
import { useAddress } from './use-address.ts';
import { Waiting } from './waiting.tsx';

/** Rows a page. */
const first = 25;
/** More pages than anyone reads; an address may ask for no more. */
const mostPages = 40;

type Paging = { readonly first: number; readonly after: string | null };

type Props<Data, Node, Filter extends OperationVariables> = {
  readonly document: TypedDocumentNode<Data, Filter & Paging>;
  readonly filter: Filter;
  readonly connection: (data: Data) => Connection<Node>;
  /** The rows of a page, in an element of this id. */
  readonly page: (nodes: readonly Node[], id: string) => ReactNode;
  /** What stands in place of rows: that there are none, or none yet, or how to see more. */
  readonly note: (content: ReactNode) => ReactNode;
  readonly loading: string;
  readonly empty: string;
};

/**
 * The rows of a list that grows by a page at a time. How many pages are shown stands in the
 * address, so that reload, back and a copied link show as much. Nothing is counted.
 */
export function Pages<Data, Node, Filter extends OperationVariables>(
  props: Props<Data, Node, Filter>,
) {
  const [address, change] = useAddress();
  const wanted = Math.min(Math.max(Number(address.get('pages')) || 1, 1), mostPages);
  const wasAsked = useRef(false);
  const more = (): void => {
    wasAsked.current = true;
    change({ pages: String(wanted + 1) }, { replace: true });
  };
  return (
    <PageFrom {...props} {...{ wanted, more, wasAsked }} id={useId()} index={1} after={null} />
  );
}

type PageProps<Data, Node, Filter extends OperationVariables> = Props<Data, Node, Filter> & {
  /** Of the list. */
  readonly id: string;
  readonly index: number;
  readonly after: string | null;
  readonly wanted: number;
  readonly more: () => void;
  /** Whether the last page came by the button. */
  readonly wasAsked: RefObject<boolean>;
};

/** One page, and those after it: each is a query of its own, which the cache keeps. */
function PageFrom<Data, Node, Filter extends OperationVariables>(
  props: PageProps<Data, Node, Filter>,
) {
  const { document: query, filter, after, index, wanted, wasAsked } = props;
  const id = `${props.id}-${index}`;
  const variables = { ...filter, first, after } as Filter & Paging;
  const { data, error, refetch } = useQuery(query, { variables } as never) as {
    data: Data | undefined;
    error: unknown;
    refetch: () => unknown;
  };
  const isLast = index === wanted;
  const isThere = data !== undefined;

  // To the first of the new rows: the button that was pressed is now far below.
  useEffect(() => {
    if (!isThere || !isLast || !wasAsked.current) return;
    wasAsked.current = false;
    const rows = window.document.getElementById(id);
    rows?.querySelector<HTMLElement>('a, summary, button')?.focus();
  }, [isThere, isLast, id, wasAsked]);

  const shown = data === undefined ? null : props.connection(data);
  const count = shown === null ? null : (index - 1) * first + shown.edges.length;
  const hasMore = shown?.pageInfo.hasNextPage === true;
  useEffect(() => {
    if (isLast && count !== null) announce(count === 0 ? props.empty : text.shown(count, hasMore));
  }, [isLast, count, hasMore, props.empty]);

  if (shown === null) {
    const isFailed = error !== undefined;
    return props.note(
      isFailed ? <Failed error={error} onRetry={refetch} /> : <Waiting>{props.loading}</Waiting>,
    );
  }
  const { edges, pageInfo } = shown;
  const isEmpty = edges.length === 0 && index === 1;
  const { hasNextPage, endCursor } = pageInfo;
  return (
    <>
      {error !== undefined && props.note(<Failed error={error} onRetry={refetch} />)}
      {isEmpty
        ? props.note(props.empty)
        : props.page(
            edges.map(({ node }) => node),
            id,
          )}
      {hasNextPage && !isLast && <PageFrom {...props} index={index + 1} after={endCursor} />}
      {hasNextPage &&
        isLast &&
        index < mostPages &&
        props.note(
          <button type="button" onClick={props.more}>
            {text.more}
          </button>,
        )}
    </>
  );
}
