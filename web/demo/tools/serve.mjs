// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { filesOf, listen } from './server.mjs';

const help = `Usage: npm run serve -- [options]

Serves dist/ to this machine.

  --port N   default: 8080; 0 takes any free one
  --help
`;

const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({ args, options: { port: { type: 'string', default: '8080' }, help: { type: 'boolean' } } });
  if (values.help) return void process.stdout.write(help);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port needs a number from 0 to 65535, got ${values.port}`);
  if (!existsSync(`${dist}/index.html`)) throw new Error('There is no page in dist: run npm run build first.');
  const server = await listen(filesOf(dist), port).catch((error) => {
    if (error.code === 'EADDRINUSE') throw new Error(`Port ${port} is taken by another program: choose one with --port.`);
    throw error;
  });
  console.log(`http://localhost:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      server.close();
      server.closeAllConnections();
    });
  }
}

await main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
