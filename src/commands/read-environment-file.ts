import { loadEnvironmentFile } from '../config/read-config.ts';

/**
 * Adds the variables of a file to the environment, before a command reads it; false when there is
 * no such file.
 */
export function readEnvironmentFile(path: string): boolean {
  try {
    loadEnvironmentFile(path);
    return true;
  } catch {
    return false;
  }
}
