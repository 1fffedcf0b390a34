// Shows a receipt in part, bound to whoever asked and to the question, with the key of the wallet that holds it:
//
//   node present-receipt.mjs --wallet FILE --issuer URL --audience AUDIENCE --nonce NONCE [--disclose PATH]… RECEIPT
//
// The wallet checks the receipt and its status first. It prints `{presentable, presentation}`: the paths of what could be
// withheld, such as `evidence.salt`, and the SD-JWT with what was asked to be disclosed.

import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {frameOf, libraryFor} from './lib/sd-jwt.mjs';
import {open} from './lib/wallet.mjs';

const {values: options, positionals: [file]} = parseArgs({
  allowPositionals: true,
  options: {
    wallet: {type: 'string'},
    issuer: {type: 'string'},
    audience: {type: 'string'},
    nonce: {type: 'string'},
    disclose: {type: 'string', multiple: true, default: []},
  },
});
if(!options.wallet || !options.issuer || !options.audience || !options.nonce || !file) {
  throw new Error('--wallet, --issuer, --audience, --nonce and a file are needed');
}

const receipt = await readFile(file, 'utf8');
const library = libraryFor(options.issuer, await open(options.wallet));
await library.verify(receipt);
const payload = {aud: options.audience, nonce: options.nonce, iat: Math.floor(Date.now() / 1000)};
process.stdout.write(JSON.stringify({
  presentable: await library.presentableKeys(receipt),
  presentation: await library.present(receipt, frameOf(options.disclose), {kb: {payload}}),
}));
