// Keys and did:key documents, all by the foreign packages: nothing here knows how a Multikey is written.

import {driver as didKeyDriver} from '@digitalbazaar/did-method-key';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';

const GENERATORS = {
  ed25519: () => Ed25519Multikey.generate(),
  p256: () => EcdsaMultikey.generate({curve: 'P-256'}),
};

/** The curves that a record can be signed with. */
export const CURVES = Object.keys(GENERATORS);

const dids = didKeyDriver();
dids.use({multibaseMultikeyHeader: 'z6Mk', fromMultibase: Ed25519Multikey.from});
dids.use({multibaseMultikeyHeader: 'zDna', fromMultibase: EcdsaMultikey.from});

/** A fresh key and the did:key that it is known by. */
export async function newKey(curve) {
  const key = await GENERATORS[curve]();
  const {didDocument} = await dids.fromKeyPair({verificationKeyPair: key});
  // The signer names itself by the method that the foreign driver made of its public key.
  key.id = didDocument.assertionMethod[0];
  key.controller = didDocument.id;
  return {did: didDocument.id, key};
}

/**
 * A document loader that never leaves the machine: did:key documents are computed, and the given DID documents (by DID)
 * stand for those that a resolver would fetch. Anything else is an error.
 */
export function offlineLoader(documents = {}) {
  return async url => {
    const [did] = url.split('#');
    if(url.startsWith('did:key:')) {
      return remote(url, await dids.get({url}));
    }
    if(documents[did]) {
      return remote(url, did === url ? documents[did] : methodOf(documents[did], url));
    }
    throw new Error(`nothing is loaded from the network: ${url}`);
  };
}

function methodOf(document, url) {
  const method = document.verificationMethod.find(({id}) => id === url);
  if(!method) {
    throw new Error(`${document.id} has no method ${url}`);
  }
  return method;
}

function remote(documentUrl, document) {
  return {contextUrl: null, documentUrl, document};
}

/** Checks signatures of a did:key's method. */
export async function verifierOf(method) {
  const {document} = await offlineLoader()(method);
  const {from} = method.includes('#z6Mk') ? Ed25519Multikey : EcdsaMultikey;
  return (await from(document)).verifier();
}
