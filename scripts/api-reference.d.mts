/** The pages of the reference for a schema in SDL: their file names and texts. */
export function apiReference(sdl: string): readonly (readonly [name: string, text: string])[];
export function writeApiReference(): void;
