/* Many checks in one process: `node many.mjs` reads a list of commands' words from its input, and writes a list of [status, reasons]. */
import {readFileSync} from 'node:fs';
import {main} from './verify.mjs';

const answers = JSON.parse(readFileSync(0, 'utf8')).map(words => {
  const said = [];
  return [main(words, line => said.push(line)), said.join('\n')];
});
console.log(JSON.stringify(answers));
