#!/usr/bin/env node
import { runCommandLine } from './cli.ts';

await runCommandLine(process.argv);
