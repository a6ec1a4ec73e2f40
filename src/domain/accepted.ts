/** The result of a mutation that has nothing to return. */
export type Accepted = { readonly kind: 'accepted'; readonly accepted: true };
