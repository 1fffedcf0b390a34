// A wallet of somebody else's: one ES256 key in a file, known by its did:key.

import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import {readFile, writeFile} from 'node:fs/promises';
import {newKey} from './keys.mjs';

/** Makes the key and keeps it; gives its DID. */
export async function make(file) {
  const {did, key} = await newKey('p256');
  const kept = {...await key.export({publicKey: true, secretKey: true}), id: key.id, controller: did};
  await writeFile(file, JSON.stringify(kept), {mode: 0o600});
  return did;
}

/** The key that is kept in a file, and what others know of it. */
export async function open(file) {
  const key = await EcdsaMultikey.from(JSON.parse(await readFile(file, 'utf8')));
  const {kty, crv, x, y} = await EcdsaMultikey.toJwk({keyPair: key});
  return {key, method: key.id, jwk: {kty, crv, x, y}};
}
