// Checks a consent receipt with the library @sd-jwt/sd-jwt-vc, which is not Placet's, and with nothing of Placet's:
//
//   npm ci && node verify-receipt.mjs RECEIPT ISSUER
//
// RECEIPT is a file with a receipt as dc+sd-jwt, ISSUER the URL of an issuer whom you believe. Its keys are at
// /.well-known/jwt-vc-issuer (SD-JWT VC), its status list is where the receipt says (Token Status List). It ends with 0 when the
// receipt is genuine and in force, else with 1. What the log says of it, and who holds it, `placet verify` can tell.

import {createHash, createPublicKey, verify} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {SDJwtVcInstance} from '@sd-jwt/sd-jwt-vc';

const [file, issuer] = process.argv.slice(2);
if(!issuer) {
  throw new Error('say which receipt, and whom you believe: verify-receipt.mjs RECEIPT ISSUER');
}

class Library extends SDJwtVcInstance {
  // The library checks the list's signature, time and bit. That it is the list that was asked for is left to whoever fetches it.
  async statusListFetcher(url) {
    const list = await super.statusListFetcher(url);
    const [header, payload] = list.split('.', 2).map(decoded);
    if(header.typ !== 'statuslist+jwt' || payload.sub !== url) {
      throw new Error(`${url} answered with another list`);
    }
    return list;
  }
}

const library = new Library({
  hashAlg: 'sha-256',
  hasher: text => createHash('sha256').update(text).digest(),
  verifier: async (signed, signature) => {
    const {alg, kid} = decoded(signed.split('.')[0]);
    const key = createPublicKey({key: await jwk(kid), format: 'jwk'});
    const bytes = Buffer.from(signature, 'base64url');
    return alg === 'ES256' && verify('sha256', Buffer.from(signed), {key, dsaEncoding: 'ieee-p1363'}, bytes);
  },
});

try {
  const {header, payload} = await library.verify((await readFile(file, 'utf8')).trim());
  if(header.typ !== 'dc+sd-jwt' || payload.iss !== issuer) {
    throw new Error('it is no credential of this issuer');
  }
  const purposes = payload.scope.map(clause => clause.purpose.id);
  console.log(`genuine and in force: ${payload.controllers[0].legalName} may use data for ${purposes.join(', ')}`);
} catch(error) {
  console.log(`refused: ${error.message}`);
  process.exitCode = 1;
}

async function jwk(kid) {
  const {origin, pathname} = new URL(issuer);
  const response = await fetch(`${origin}/.well-known/jwt-vc-issuer${pathname === '/' ? '' : pathname}`);
  const metadata = await response.json();
  const found = metadata.jwks.keys.find(key => key.kid === kid);
  if(metadata.issuer !== issuer || !found) {
    throw new Error(`${issuer} has no key ${kid}`);
  }
  return found;
}

function decoded(part) {
  return JSON.parse(Buffer.from(part, 'base64url'));
}
