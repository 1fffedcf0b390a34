// Asks a foreign JSON-LD processor whether the published context gives every member of a record a meaning:
//
//   node expand-record.mjs --context FILE RECORD…
//
// FILE is Placet's context. In safe mode the processor refuses whatever it would otherwise drop in silence. Prints a JSON
// array with one `{file, statements}` per record, the number of RDF statements that it makes of it, or `{file, error}`.

import {contexts} from '@digitalbazaar/credentials-context';
import jsonld from 'jsonld';
import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';

const PLACET = 'https://w3id.org/placet/v1';

const {values: options, positionals: files} = parseArgs({
  allowPositionals: true,
  options: {context: {type: 'string'}},
});
if(!options.context || files.length === 0) {
  throw new Error('--context and at least one file are needed');
}

const known = new Map(contexts).set(PLACET, await read(options.context));
const answers = [];
for(const file of files) {
  answers.push({file, ...await expand(await read(file))});
}
process.stdout.write(JSON.stringify(answers));

async function expand(record) {
  try {
    const statements = await jsonld.toRDF(record, {safe: true, documentLoader});
    return {statements: statements.length};
  } catch(error) {
    const {event} = error.details ?? {};
    return {error: [error.message, event?.code, JSON.stringify(event?.details)].filter(Boolean).join(' ')};
  }
}

async function documentLoader(url) {
  const document = known.get(url);
  if(!document) {
    throw new Error(`nothing is loaded from the network: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document};
}

async function read(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}
