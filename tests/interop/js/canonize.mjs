// Asks a foreign JSON-LD processor for canonical RDF, RDFC-1.0 with SHA-256:
//
//   node canonize.mjs --contexts FILE DOCUMENT…
//
// FILE holds contexts by their IRIs, one JSON object. In safe mode the processor refuses whatever it would otherwise drop in
// silence. Prints a JSON array with one `{file, nQuads}` per document, or `{file, error}`.

import jsonld from 'jsonld';
import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';

const {values: options, positionals: files} = parseArgs({
  allowPositionals: true,
  options: {contexts: {type: 'string'}},
});
if(!options.contexts || files.length === 0) {
  throw new Error('--contexts and at least one file are needed');
}

const contexts = await read(options.contexts);
const answers = [];
for(const file of files) {
  answers.push({file, ...await canonize(await read(file))});
}
process.stdout.write(JSON.stringify(answers));

async function canonize(document) {
  try {
    // Clauses of one request are more alike than the processor allows for unasked.
    const settings = {format: 'application/n-quads', safe: true, documentLoader};
    settings.canonizeOptions = {algorithm: 'RDFC-1.0', maxWorkFactor: 3};
    return {nQuads: await jsonld.canonize(document, settings)};
  } catch(error) {
    const {event} = error.details ?? {};
    return {error: [error.message, event?.code, JSON.stringify(event?.details)].filter(Boolean).join(' ')};
  }
}

async function documentLoader(url) {
  if(!Object.hasOwn(contexts, url)) {
    throw new Error(`nothing is loaded from the network: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: contexts[url]};
}

async function read(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}
