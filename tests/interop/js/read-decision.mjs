// Asks the foreign library about signed decisions in files:
//
//   node read-decision.mjs DECISION…
//
// It prints a JSON array with one `{file, signer, claims}` or `{file, error}` per decision; the claims are what the library
// made of the payload and of what is disclosed beside it.

import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {SDJwtInstance} from '@sd-jwt/core';
import {verifierOf} from './lib/keys.mjs';

const library = new SDJwtInstance({
  hashAlg: 'sha-256',
  hasher: text => createHash('sha256').update(text).digest(),
  verifier: async (signed, signature) => {
    const {kid} = JSON.parse(Buffer.from(signed.split('.')[0], 'base64url'));
    const verifier = await verifierOf(kid);
    return verifier.verify({data: Buffer.from(signed), signature: Buffer.from(signature, 'base64url')});
  },
});

const read = [];
for(const file of process.argv.slice(2)) {
  read.push({file, ...await judge((await readFile(file, 'utf8')).trimEnd())});
}
process.stdout.write(JSON.stringify(read));

/** What the library throws about is as little read as what it refuses. */
async function judge(decision) {
  try {
    const {header} = await library.verify(decision);
    return {signer: header.kid.split('#')[0], claims: await library.getClaims(decision)};
  } catch(error) {
    return {error: error.message};
  }
}
