// The SD-JWT VC library, as a verifier and as a wallet set it up.

import {createHash} from 'node:crypto';
import {SDJwtVcInstance} from '@sd-jwt/sd-jwt-vc';
import {issuerKey} from './issuer.mjs';
import {signPart, verifyPart} from './jose.mjs';

const VC = 'dc+sd-jwt';
const LIST = 'statuslist+jwt';

/**
 * The library checks signature, time and bit of a status list. That it is a status list, and the one that the receipt names
 * (draft-ietf-oauth-status-list, section 8.3), is for whoever fetches it.
 */
class ReceiptLibrary extends SDJwtVcInstance {
  async statusListFetcher(url) {
    const list = await super.statusListFetcher(url);
    const [header, payload] = list.split('.', 2).map(decoded);
    if(header.typ !== LIST || payload.sub !== url) {
      throw new Error(`${url} answered with another list`);
    }
    return list;
  }

  async verify(receipt, options) {
    const verified = await super.verify(receipt, options);
    if(verified.header.typ !== VC || verified.payload.iss !== this.issuer) {
      throw new Error('it is no credential of this issuer');
    }
    return verified;
  }
}

/** A library that believes this issuer, and signs with this wallet's key if there is one. */
export function libraryFor(issuer, wallet) {
  const library = new ReceiptLibrary({
    hashAlg: 'sha-256',
    hasher: text => createHash('sha256').update(text).digest(),
    verifier: (signed, signature) => verifyBy(signed, signature, kid => issuerKey(issuer, kid)),
    kbVerifier: (signed, signature, {cnf}) => verifyBy(signed, signature, () => cnf.jwk),
    ...(wallet && {kbSignAlg: 'ES256', kbSigner: signed => signPart(signed, wallet.key)}),
  });
  library.issuer = issuer;
  return library;
}

/** The frame that the library wants: an object in the shape of the claims, true where something is disclosed. */
export function frameOf(paths) {
  const frame = {};
  for(const path of paths) {
    const names = path.split('.');
    const last = names.pop();
    names.reduce((place, name) => place[name] ??= {}, frame)[last] = true;
  }
  return frame;
}

async function verifyBy(signed, signature, keyOf) {
  const {alg, kid} = decoded(signed.split('.')[0]);
  return alg === 'ES256' && verifyPart(signed, signature, await keyOf(kid));
}

function decoded(part) {
  return JSON.parse(Buffer.from(part, 'base64url'));
}
