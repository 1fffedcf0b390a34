// Claims a receipt as ldp_vc with a library that speaks an earlier draft of OpenID4VCI, as far as it goes:
//
//   node claim-ldp-vc.mjs --wallet FILE --offer LINK --tx-code DIGITS --at URL=ADDRESS [--own-proof]
//
// The library reads the offer, takes the nonce, signs the proof's JWS and asks for the receipt. It knows no transaction code,
// wants metadata that version 1.0 does not have, and writes a proof without `typ` and `iat`: what that takes is here, and with
// --own-proof the library's proof is sent as it is. What is below URL, which must be https for the library, is fetched from
// ADDRESS. It prints `{credential}`, or `{refused}`.

import {generateDIDProofJWT, getCredentialOffer, OID4Client, signJWT} from '@digitalbazaar/oid4-client';
import {parseArgs} from 'node:util';
import {fetchJson, wellKnown} from './lib/issuer.mjs';
import {serveAt} from './lib/proxy.mjs';
import {open} from './lib/wallet.mjs';

const PRE_AUTHORIZED = 'urn:ietf:params:oauth:grant-type:pre-authorized_code';

const {values: options} = parseArgs({
  options: {
    wallet: {type: 'string'},
    offer: {type: 'string'},
    'tx-code': {type: 'string'},
    at: {type: 'string'},
    'own-proof': {type: 'boolean', default: false},
  },
});
if(!options.wallet || !options.offer || !options['tx-code'] || !options.at) {
  throw new Error('--wallet, --offer, --tx-code and --at are needed');
}
serveAt(options.at);

const wallet = await open(options.wallet);
const offer = await getCredentialOffer({url: options.offer});
const issuerConfig = await fetchJson(wellKnown(offer.credential_issuer, 'openid-credential-issuer'));
const client = new OID4Client({accessToken: await redeem(), issuerConfig, offer});
const {nonce} = await client.getNonce();
const jwt = await prove(offer.credential_issuer);
process.stdout.write(JSON.stringify(await claim()));

/** A token for the code of the offer and what the person typed. */
async function redeem() {
  const {token_endpoint} = await fetchJson(wellKnown(offer.credential_issuer, 'oauth-authorization-server'));
  const body = new URLSearchParams({
    grant_type: PRE_AUTHORIZED,
    'pre-authorized_code': offer.grants[PRE_AUTHORIZED]['pre-authorized_code'],
    tx_code: options['tx-code'],
  });
  const response = await fetch(token_endpoint, {method: 'POST', body});
  return (await response.json()).access_token;
}

async function prove(aud) {
  const signer = {...wallet.key.signer(), id: wallet.method};
  if(options['own-proof']) {
    return generateDIDProofJWT({signer, nonce, aud});
  }
  const protectedHeader = {alg: 'ES256', typ: 'openid4vci-proof+jwt', kid: wallet.method};
  return signJWT({protectedHeader, payload: {aud, nonce, iat: Math.floor(Date.now() / 1000)}, signer});
}

async function claim() {
  const [credential_configuration_id] = offer.credential_configuration_ids
    .filter(id => issuerConfig.credential_configurations_supported[id].format === 'ldp_vc');
  try {
    const requests = [{credential_configuration_id, proofs: {jwt: [jwt]}}];
    const {credentials: [{credential}]} = await client.requestCredentials({requests});
    return {credential};
  } catch(error) {
    // The library says why in the cause of the cause, where there is an answer.
    const refused = [error, error.cause, error.cause?.cause].map(cause => cause?.data?.error).find(Boolean);
    if(!refused) {
      throw error;
    }
    return {refused};
  }
}
