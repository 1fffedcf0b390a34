// Compact signatures with ES256 (RFC 7515), for libraries that leave the keys to whoever calls them.

import {createPublicKey, verify} from 'node:crypto';

/** Signs a JWT with a wallet's key. */
export async function signJwt(header, payload, {key}) {
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${await signPart(signed, key)}`;
}

/** The signature over an encoded header and payload. */
export async function signPart(signed, key) {
  return Buffer.from(await key.signer().sign({data: Buffer.from(signed)})).toString('base64url');
}

/** Whether the signature over an encoded header and payload is by the key of a JWK. */
export function verifyPart(signed, signature, jwk) {
  const key = createPublicKey({key: jwk, format: 'jwk'});
  return verify('sha256', Buffer.from(signed), {key, dsaEncoding: 'ieee-p1363'}, Buffer.from(signature, 'base64url'));
}

/** The encoded header and payload of a compact JWT, and its signature. */
export function split(compact) {
  const at = compact.lastIndexOf('.');
  return [compact.slice(0, at), compact.slice(at + 1)];
}

function part(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
