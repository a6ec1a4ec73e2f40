import { describe, expect, it } from 'vitest';
import { readTraceparent } from './trace-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

describe('readTraceparent', () => {
  it.each([
    ['none', undefined],
    ['two of them', [`00-${traceId}-${spanId}-01`, `00-${traceId}-${spanId}-01`]],
    ['nothing', ''],
    ['words', 'not a trace'],
    ['a version that is none', `ff-${traceId}-${spanId}-01`],
    ['more than version 00 has', `00-${traceId}-${spanId}-01-what`],
    ['upper case', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['a short trace', `00-${traceId.slice(1)}-${spanId}-01`],
    ['a line of its own behind', `00-${traceId}-${spanId}-01\n{"level":"fatal"}`],
    ['a line end', `00-${traceId}-${spanId}-01\n`],
    ['blanks around', ` 00-${traceId}-${spanId}-01`],
  ])('LG-5 takes none from %s', (_name, header) => {
    expect(readTraceparent(header)).toBeNull();
  });

  it('reads the current version, and the known part of a later one', () => {
    expect(readTraceparent(`00-${traceId}-${spanId}-01`)).toEqual({
      traceId,
      spanId,
      sampled: true,
    });
    expect(readTraceparent(`00-${traceId}-${spanId}-00`)).toEqual({
      traceId,
      spanId,
      sampled: false,
    });
    expect(readTraceparent(`cc-${traceId}-${spanId}-03-more`)).toEqual({
      traceId,
      spanId,
      sampled: true,
    });
  });
});
