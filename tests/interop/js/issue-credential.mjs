// Has the foreign library issue credentials of its own, for others to judge:
//
//   node issue-credential.mjs --challenge TEXT --domain TEXT
//
// It prints a JSON object: `credentials`, one for each of the suites eddsa-jcs-2022 and eddsa-rdfc-2022, by a fresh did:key,
// and `presentations`, each of one of them by another fresh did:key, for the challenge and domain.

import {contexts as vcContexts} from '@digitalbazaar/credentials-context';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {createSignCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {cryptosuite as rdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import {parseArgs} from 'node:util';
import {newKey} from './lib/keys.mjs';

const {values: options} = parseArgs({options: {challenge: {type: 'string'}, domain: {type: 'string'}}});
const suites = {'eddsa-jcs-2022': createSignCryptosuite(), 'eddsa-rdfc-2022': rdfc};

const made = {credentials: {}, presentations: {}};
for(const [name, cryptosuite] of Object.entries(suites)) {
  const [issuer, holder] = [await newKey('ed25519'), await newKey('ed25519')];
  const credential = {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    id: `urn:uuid:${crypto.randomUUID()}`,
    type: ['VerifiableCredential'],
    issuer: issuer.did,
    name: 'A credential of somebody else’s',
    validFrom: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, ''),
    credentialSubject: {id: holder.did},
  };
  const suite = ({key}) => new DataIntegrityProof({signer: key.signer(), cryptosuite});
  const issued = await vc.issue({credential, suite: suite(issuer), documentLoader});
  const presentation = vc.createPresentation({verifiableCredential: issued, holder: holder.did});
  made.credentials[name] = issued;
  made.presentations[name] =
    await vc.signPresentation({presentation, suite: suite(holder), ...options, documentLoader});
}
process.stdout.write(JSON.stringify(made));

async function documentLoader(url) {
  if(!vcContexts.has(url)) {
    throw new Error(`nobody asked for ${url}`);
  }
  return {documentUrl: url, document: vcContexts.get(url), contextUrl: null};
}
