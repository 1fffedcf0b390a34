// Asks the foreign library about records in files:
//
//   node verify-record.mjs [--domain ORIGIN] [--documents FILE] RECORD…
//
// A proof must name ORIGIN as its domain; without it, none, as those of receipts and status lists. // FILE holds DID documents by DID, for signers that have no did:key. It prints a JSON array with one
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
if(files.length === 0) {
  throw new Error('at least one file is needed');
}

const documents = options.documents ? await read(options.documents) : {};
const verdicts = [];
for(const file of files) {
  verdicts.push({file, ...await judge(await read(file))});
}
process.stdout.write(JSON.stringify(verdicts));

/** What the library throws about is as little verified as what it refuses. */
async function judge(record) {
  try {
    return await verify(record, {domain: options.domain, documents});
  } catch(error) {
    return {verified: false, error: error.message};
  }
}

async function read(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}
