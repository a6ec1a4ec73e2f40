import { z } from 'zod';
import type { Metadata } from '../../db/tables/user-metadata.ts';
import { changeFault } from './rules.ts';

/** A change of one of a user's metadata objects; how much is kept is judged with what is there. */
export const metadataChange = z
  .custom<Metadata>(isObject, { error: 'An object is required.' })
  .superRefine((value, ctx) => {
    const fault = changeFault(value);
    if (fault === null) return;
    const { code, message } = fault;
    ctx.addIssue({ code: 'custom', params: { code }, message });
  });

function isObject(value: unknown): value is Metadata {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
