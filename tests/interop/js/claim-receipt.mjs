// Accepts an offer of a receipt as any wallet does, by foreign packages alone, in every format that the offer names:
//
//   node claim-receipt.mjs --wallet FILE --offer LINK --tx-code DIGITS [--signed-metadata] [--replay] [--encrypted]
//
// With --replay, the second claim shows the nonce of the first again. With --encrypted, requests and answers at the credential
// endpoint are encrypted; the library does not do that itself, so `jose` does it for what it sends and gets. It prints
// `{version, metadataSigner?, receipts: [{configuration, format, binding, credential, notified}]}`, or `{refused, asked}`: the
// error by its name in the protocol, and what was asked for when it came.

import {clientAuthenticationAnonymous, Oauth2ClientErrorResponseError, setGlobalConfig} from '@openid4vc/oauth2';
import {Openid4vciClient, Openid4vciRetrieveCredentialsError} from '@openid4vc/openid4vci';
import {CompactEncrypt, compactDecrypt, exportJWK, generateKeyPair, importJWK} from 'jose';
import {createHash, randomBytes} from 'node:crypto';
import {parseArgs} from 'node:util';
import {issuerKey} from './lib/issuer.mjs';
import {signJwt, split, verifyPart} from './lib/jose.mjs';
import {open} from './lib/wallet.mjs';

const {values: options} = parseArgs({
  options: {
    wallet: {type: 'string'},
    offer: {type: 'string'},
    'tx-code': {type: 'string'},
    'signed-metadata': {type: 'boolean', default: false},
    replay: {type: 'boolean', default: false},
    encrypted: {type: 'boolean', default: false},
  },
});
if(!options.wallet || !options.offer || !options['tx-code']) {
  throw new Error('--wallet, --offer and --tx-code are needed');
}

// The issuer is on this machine, without TLS.
setGlobalConfig({allowInsecureUrls: true});
const wallet = await open(options.wallet);
const library = new Openid4vciClient({
  callbacks: {
    fetch: options['signed-metadata'] ? fetchSigned : options.encrypted ? fetchEncrypted : fetch,
    hash: (bytes, algorithm) => createHash(algorithm.replace('-', '')).update(bytes).digest(),
    generateRandom: count => randomBytes(count),
    clientAuthentication: clientAuthenticationAnonymous(),
    signJwt: async (signer, {header, payload}) => ({jwt: await signJwt(header, payload, wallet), signerJwk: wallet.jwk}),
    verifyJwt: verifyMetadata,
  },
});

process.stdout.write(JSON.stringify(await claim()));

async function claim() {
  const credentialOffer = await library.resolveCredentialOffer(options.offer);
  const issuerMetadata = await library.resolveIssuerMetadata(credentialOffer.credential_issuer);
  let asked = 'token';
  try {
    const {accessTokenResponse} = await library.retrievePreAuthorizedCodeAccessTokenFromOffer({
      credentialOffer,
      issuerMetadata,
      txCode: options['tx-code'],
    });
    const accessToken = accessTokenResponse.access_token;
    const receipts = [];
    let nonce;
    for(const configuration of credentialOffer.credential_configuration_ids) {
      asked = configuration;
      if(!nonce || !options.replay) {
        nonce = (await library.requestNonce({issuerMetadata})).c_nonce;
      }
      receipts.push(await receipt(configuration, {issuerMetadata, accessToken, nonce}));
    }
    const metadataSigner = issuerMetadata.signedCredentialIssuer?.jwt.header.kid;
    return {version: issuerMetadata.originalDraftVersion, metadataSigner, receipts};
  } catch(error) {
    return {refused: nameOf(error), asked};
  }
}

/** Claims one receipt, and says that it is accepted. */
async function receipt(configuration, {issuerMetadata, accessToken, nonce}) {
  // Undefined for a configuration that the library does not find to be as the specification wants it.
  const {format, cryptographic_binding_methods_supported: [binding]} =
    issuerMetadata.knownCredentialConfigurations[configuration];
  const {jwt} = await library.createCredentialRequestJwtProof({
    issuerMetadata,
    credentialConfigurationId: configuration,
    signer: signerBy(binding),
    nonce,
  });
  const {credentialResponse} = await library.retrieveCredentials({
    issuerMetadata,
    accessToken,
    credentialConfigurationId: configuration,
    proofs: {jwt: [jwt]},
  });
  const {response} = await library.sendNotification({
    issuerMetadata,
    accessToken,
    notification: {notificationId: credentialResponse.notification_id, event: 'credential_accepted'},
  });
  const [{credential}] = credentialResponse.credentials;
  return {configuration, format, binding, credential, notified: response.status};
}

/** The key is shown in the way that the metadata names first. */
function signerBy(binding) {
  return binding === 'jwk' ?
    {method: 'jwk', alg: 'ES256', publicJwk: wallet.jwk} :
    {method: 'did', alg: 'ES256', didUrl: wallet.method};
}

/** The library takes signed metadata where it comes, and does not ask for it. */
function fetchSigned(url, settings) {
  const signed = new URL(url).pathname.startsWith('/.well-known/openid-credential-issuer');
  return fetch(url, signed ? {...settings, headers: {...settings?.headers, accept: 'application/jwt'}} : settings);
}

/** Encrypts what goes to the credential endpoint, and asks for the answer in encrypted form. */
async function fetchEncrypted(url, settings) {
  const place = new URL(url);
  if(settings?.method !== 'POST' || place.pathname !== '/openid/credential') {
    return fetch(url, settings);
  }
  const metadata = await (await fetch(new URL('/.well-known/openid-credential-issuer', place))).json();
  const {jwks: {keys: [issuer]}, enc_values_supported: [enc]} = metadata.credential_request_encryption;
  const {publicKey, privateKey} = await generateKeyPair('ECDH-ES', {crv: 'P-256', extractable: true});
  const jwk = {...await exportJWK(publicKey), alg: 'ECDH-ES', use: 'enc', kid: 'answer'};
  const request = {...JSON.parse(settings.body), credential_response_encryption: {jwk, enc}};
  const body = await new CompactEncrypt(Buffer.from(JSON.stringify(request)))
    .setProtectedHeader({alg: issuer.alg, enc, kid: issuer.kid})
    .encrypt(await importJWK(issuer, issuer.alg));
  const headers = new Headers(settings.headers);
  headers.set('content-type', 'application/jwt');
  const answer = await fetch(url, {...settings, headers, body});
  if(!answer.ok) {
    return answer;
  }
  if(answer.headers.get('content-type') !== 'application/jwt') {
    throw new Error('the answer is not encrypted');
  }
  const {plaintext, protectedHeader: {kid}} = await compactDecrypt(await answer.text(), privateKey);
  if(kid !== 'answer') {
    throw new Error('the answer does not say to which key it is encrypted');
  }
  return new Response(plaintext, {status: answer.status, headers: {'content-type': 'application/json'}});
}

/** Signed metadata counts when the key is one that the issuer publishes as its own. */
async function verifyMetadata(signer, {compact, header, payload}) {
  const jwk = await issuerKey(payload.sub, header.kid);
  return {verified: header.alg === 'ES256' && verifyPart(...split(compact), jwk), signerJwk: jwk};
}

/** The name of a refusal; anything else is a fault of this program or of the issuer. */
function nameOf(error) {
  if(error instanceof Oauth2ClientErrorResponseError) {
    return error.errorResponse.error;
  }
  if(error instanceof Openid4vciRetrieveCredentialsError && error.response.credentialErrorResponseResult?.success) {
    return error.response.credentialErrorResponseResult.data.error;
  }
  throw error;
}
