/** Whether tests run that take minutes; LONG_TESTS=1 says so. The others show the same in small. */
export const runsLongTests: boolean = process.env['LONG_TESTS'] === '1';
