// Asks the foreign library about receipts as SD-JWT VC in files:
//
//   node verify-sd-jwt.mjs --issuer URL [--at URL=ADDRESS] [--audience AUDIENCE --nonce NONCE] RECEIPT…
//
// Keys and status list are fetched from the issuer; what is below --at's URL, from ADDRESS. With --audience and --nonce, the
// holder must have shown the receipt to this audience in answer to this nonce. It prints a JSON array with one
// `{file, claims}` or `{file, error}` per receipt.

import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {serveAt} from './lib/proxy.mjs';
import {libraryFor} from './lib/sd-jwt.mjs';

const {values: options, positionals: files} = parseArgs({
  allowPositionals: true,
  options: {
    issuer: {type: 'string'},
    at: {type: 'string'},
    audience: {type: 'string'},
    nonce: {type: 'string'},
  },
});
if(!options.issuer || files.length === 0) {
  throw new Error('--issuer and at least one file are needed');
}
if(options.at) {
  serveAt(options.at);
}

const library = libraryFor(options.issuer);
const verdicts = [];
for(const file of files) {
  verdicts.push({file, ...await judge(await readFile(file, 'utf8'))});
}
process.stdout.write(JSON.stringify(verdicts));

async function judge(receipt) {
  try {
    const {payload, kb} = await library.verify(receipt, {keyBindingNonce: options.nonce});
    // The library compares the nonce, and leaves the audience to its caller.
    if(kb?.payload.aud !== options.audience) {
      return {error: `it was shown to ${kb?.payload.aud}`};
    }
    return {claims: payload};
  } catch(error) {
    return {error: error.message};
  }
}
