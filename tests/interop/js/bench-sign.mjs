// Signs the receipt of receipt.json whenever it is told to, for P11 of `cargo xtask bench`:
//
//   node bench-sign.mjs
//
// Each line of its input is `{"suite": …, "count": …}`; it answers with the seconds that it took to sign the receipt so often.

import {readFile} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {contexts as vcContexts} from '@digitalbazaar/credentials-context';
import {createSignCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {cryptosuite as rdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as vc from '@digitalbazaar/vc';

const SUITES = {'eddsa-jcs-2022': createSignCryptosuite(), 'eddsa-rdfc-2022': rdfc};

const receipt = JSON.parse(await readFile('receipt.json', 'utf8'));
const placet = JSON.parse(await readFile('placet-v1.jsonld', 'utf8'));
const key = await Ed25519Multikey.generate({controller: receipt.issuer});
key.id = `${receipt.issuer}#${key.publicKeyMultibase}`;

for await (const line of createInterface({input: process.stdin})) {
  const {suite, count} = JSON.parse(line);
  const started = process.hrtime.bigint();
  for(let done = 0; done < count; done++) {
    await vc.issue({
      credential: structuredClone(receipt),
      suite: new DataIntegrityProof({signer: key.signer(), cryptosuite: SUITES[suite]}),
      documentLoader,
    });
  }
  process.stdout.write(`${Number(process.hrtime.bigint() - started) / 1e9}\n`);
}

async function documentLoader(url) {
  const document = url === 'https://w3id.org/placet/v1' ? placet : vcContexts.get(url);
  if(!document) {
    throw new Error(`nobody asked for ${url}`);
  }
  return {documentUrl: url, document, contextUrl: null};
}
