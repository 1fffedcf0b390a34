// Answers a verifier's request for a receipt as any wallet does, by foreign packages alone:
//
//   node answer-verifier.mjs --wallet FILE --issuer URL --link LINK --brand FILE [--nonce NONCE] RECEIPT
//
// LINK is of OpenID4VP, and the brand's FILE its DID document, by which the request must be signed. With --nonce, the receipt is
// shown in answer to another question. It prints `{client, satisfied, status?, disclosed?}`: who asks, whether the receipt has
// what is asked for, what the verifier answered, and the paths of what was disclosed.

import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {setGlobalConfig} from '@openid4vc/oauth2';
import {Openid4vpClient} from '@openid4vc/openid4vp';
import {DcqlQuery} from 'dcql';
import {createHash} from 'node:crypto';
import {CompactEncrypt, importJWK} from 'jose';
import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {split} from './lib/jose.mjs';
import {frameOf, libraryFor} from './lib/sd-jwt.mjs';
import {open} from './lib/wallet.mjs';

const {values: options, positionals: [file]} = parseArgs({
  allowPositionals: true,
  options: {
    wallet: {type: 'string'},
    issuer: {type: 'string'},
    link: {type: 'string'},
    brand: {type: 'string'},
    nonce: {type: 'string'},
  },
});
if(!options.wallet || !options.issuer || !options.link || !options.brand || !file) {
  throw new Error('--wallet, --issuer, --link, --brand and a file are needed');
}

// The verifier is on this machine, without TLS.
setGlobalConfig({allowInsecureUrls: true});
const receipt = await readFile(file, 'utf8');
const library = libraryFor(options.issuer, await open(options.wallet));
const client = new Openid4vpClient({
  callbacks: {
    fetch,
    hash: (bytes, algorithm) => createHash(algorithm.replace('-', '')).update(bytes).digest(),
    verifyJwt: verifyRequest,
    decryptJwe: async () => ({decrypted: false}),
    encryptJwe,
  },
});

/** What this wallet can encrypt by. */
const ENCRYPTION = {
  encryption: {},
  serverMetadata: {
    authorization_signing_alg_values_supported: [],
    authorization_encryption_alg_values_supported: ['ECDH-ES'],
    authorization_encryption_enc_values_supported: ['A256GCM', 'A128GCM'],
  },
};

process.stdout.write(JSON.stringify(await answer()));

async function answer() {
  const {searchParams} = new URL(options.link);
  const {authorizationRequestPayload: request, client: asker, dcql} =
    await client.resolveOpenId4vpAuthorizationRequest({authorizationRequestPayload: Object.fromEntries(searchParams)});
  const query = DcqlQuery.parse(dcql.query);
  DcqlQuery.validate(query);
  const {can_be_satisfied: satisfied, credential_matches: matches} = DcqlQuery.query(query, [{
    credential_format: 'dc+sd-jwt',
    vct: (await library.getClaims(receipt)).vct,
    cryptographic_holder_binding: true,
    claims: await library.getClaims(receipt),
  }]);
  if(!satisfied) {
    return {client: asker.identifier, satisfied};
  }
  const [{id}] = query.credentials;
  const [{output}] = matches[id].valid_credentials[0].claims.valid_claim_sets;
  const disclosed = await pathsOf(output);
  const payload = {
    aud: request.client_id,
    nonce: options.nonce ?? request.nonce,
    iat: Math.floor(Date.now() / 1000),
  };
  const presentation = await library.present(receipt, frameOf(disclosed), {kb: {payload}});
  const {authorizationResponsePayload, jarm} = await client.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: request,
    authorizationResponsePayload: {vp_token: {[id]: [presentation]}},
    ...(request.response_mode === 'direct_post.jwt' && {jarm: ENCRYPTION}),
  });
  const {response} = await client.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: request,
    authorizationResponsePayload,
    jarm,
  });
  return {client: asker.identifier, satisfied, status: response.status, disclosed};
}

/**
 * What the query's answer needs of what could be withheld. The library names clauses by places that count decoys, so each is
 * shown by itself to see which it is.
 */
async function pathsOf(output) {
  const wanted = new Set(output.scope.map(clause => clause.purpose.id));
  const paths = [];
  for(const path of await library.presentableKeys(receipt)) {
    const alone = await library.getClaims(await library.present(receipt, frameOf([path])));
    if(path.startsWith('scope.') ? wanted.has(alone.scope[0].purpose.id) : path === 'evidence.salt') {
      paths.push(path);
    }
  }
  return paths;
}

async function encryptJwe({publicJwk, alg, enc, apu, apv}, data) {
  const jwe = await new CompactEncrypt(Buffer.from(data))
    .setProtectedHeader({alg, enc, kid: publicJwk.kid})
    .setKeyManagementParameters({
      ...(apu && {apu: Buffer.from(apu, 'base64url')}),
      ...(apv && {apv: Buffer.from(apv, 'base64url')}),
    })
    .encrypt(await importJWK(publicJwk, alg));
  return {encryptionJwk: publicJwk, jwe};
}

/** Whether the brand's DID document has the key that signed the request. */
async function verifyRequest(signer, {compact}) {
  const document = JSON.parse(await readFile(options.brand, 'utf8'));
  const method = document.verificationMethod.find(({id}) => id === signer.didUrl);
  if(!method) {
    return {verified: false};
  }
  const key = await Ed25519Multikey.from(method);
  const [signed, signature] = split(compact);
  const verified = await key.verifier().verify({
    data: Buffer.from(signed),
    signature: Buffer.from(signature, 'base64url'),
  });
  const {x} = await Ed25519Multikey.toJwk({keyPair: key});
  return {verified, signerJwk: {kty: 'OKP', crv: 'Ed25519', x}};
}
