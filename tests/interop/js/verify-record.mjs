// Asks the foreign library about records in files:
//
//   node verify-record.mjs --domain ORIGIN [--documents FILE] RECORD…
//
// FILE holds DID documents by DID, for signers that have no did:key. It prints a JSON array with one
// `{file, verified, cryptosuite, error?}` per record.

import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {verify} from './lib/proof.mjs';

const {values: options, positionals: files} = parseArgs({
  allowPositionals: true,
  options: {
    domain: {type: 'string'},
    documents: {type: 'string'},
  },
});
if(!options.domain || files.length === 0) {
  throw new Error('--domain and at least one file are needed');
}

const documents = options.documents ? await read(options.documents) : {};
const verdicts = [];
for(const file of files) {
  verdicts.push({file, ...await verify(await read(file), {domain: options.domain, documents})});
}
process.stdout.write(JSON.stringify(verdicts));

async function read(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}
