// SPDX-License-Identifier: Apache-2.0
import type { Command } from './command.js';
import { bench } from './commands/bench.js';
import { build } from './commands/build.js';
import { completionOf } from './commands/completion.js';
import { convert } from './commands/convert.js';
import { evaluate } from './commands/eval.js';
import { info } from './commands/info.js';
import { search } from './commands/search.js';
import { serve } from './commands/serve.js';
import { verify } from './commands/verify.js';

const working: readonly Command[] = [build, search, info, verify, convert, evaluate, bench, serve];

/** All commands, in the order of the help: from this table come help, completions and the manual page. */
export const commands: readonly Command[] = [...working, completionOf(working)];
