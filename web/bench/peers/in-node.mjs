// SPDX-License-Identifier: Apache-2.0
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('child.mjs', import.meta.url));
const heap = '--max-old-space-size=8192'; // MB

export const nodeRuntime = () => ({
  where: `Node ${process.versions.node}`,
  /** @returns what `run` gives, or `failed` with the reason */
  measure(job, limit) {
    const own = fork(child, { execArgv: [heap], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let said = '';
    own.stderr.on('data', (text) => {
      said = `${said}${text}`.slice(-4000);
    });
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve({ failed: `did not finish in ${limit} s` });
        own.kill('SIGKILL');
      }, 1000 * limit);
      own.once('message', resolve);
      own.once('exit', (code, signal) => {
        clearTimeout(timer);
        const why = /(?:FATAL ERROR|Error): .*/.exec(said)?.[0] ?? '';
        resolve({ failed: `ended with ${code ?? signal} ${why}`.trim() });
      });
      own.send(job);
    });
  },
  close: () => {},
});
