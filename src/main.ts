#!/usr/bin/env bun
/** Where the program starts. */
import { runCommand } from './cli/command.ts';

process.exit(await runCommand(process.argv.slice(2)));
