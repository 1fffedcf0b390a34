// Asks the foreign library about receipts as Verifiable Credentials in files, and about their status:
//
//   node verify-receipt.mjs --cryptosuite NAME [--context FILE] [--at URL=ADDRESS] RECEIPT…
//
// NAME is of the suite that a proof must be of, such as eddsa-jcs-2022; FILE is Placet's context, for suites that read
// JSON-LD. The issuer's DID document and the status list are fetched; what is below URL is fetched from ADDRESS. It prints a
// JSON array with one `{file, verified, error?}` per receipt.

import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as vc from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {httpLoader} from './lib/loader.mjs';
import {serveAt} from './lib/proxy.mjs';

const {values: options, positionals: files} = parseArgs({
  allowPositionals: true,
  options: {
    cryptosuite: {type: 'string'},
    context: {type: 'string'},
    at: {type: 'string'},
  },
});
if(!options.cryptosuite || files.length === 0) {
  throw new Error('--cryptosuite and at least one file are needed');
}

if(options.at) {
  serveAt(options.at);
}
const documentLoader = httpLoader(options.context && await read(options.context));
const implementation = await import(`@digitalbazaar/${options.cryptosuite}-cryptosuite`);
const suite = new DataIntegrityProof({
  cryptosuite: implementation.createVerifyCryptosuite?.() ?? implementation.cryptosuite,
});

const verdicts = [];
for(const file of files) {
  verdicts.push({file, ...await judge(await read(file))});
}
process.stdout.write(JSON.stringify(verdicts));

async function judge(credential) {
  const {verified, error, statusResult} =
    await vc.verifyCredential({credential, suite, documentLoader, checkStatus: checkRevocation});
  const errors = [error, statusResult?.error].filter(Boolean).flatMap(error => error.errors ?? error);
  return {verified, ...(errors.length > 0 && {error: errors.map(error => error.message).join('; ')})};
}

/** The library says what the bit is, and leaves to its caller what follows. */
async function checkRevocation(options) {
  const result = await checkStatus(options);
  const revoked = result.results?.some(({credentialStatus, status}) =>
    status && credentialStatus.statusPurpose === 'revocation');
  return revoked ? {...result, verified: false, error: new Error('revoked')} : result;
}

async function read(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}
