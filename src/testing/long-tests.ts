/**
 * Whether tests that take minutes run; set LONG_TESTS=1. The other tests check the same in small.
 */
export const runsLongTests: boolean = process.env['LONG_TESTS'] === '1';
