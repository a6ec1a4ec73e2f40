/** What a mutation answers that has done its work and has nothing to show. */
export type Accepted = { readonly kind: 'accepted'; readonly accepted: true };
