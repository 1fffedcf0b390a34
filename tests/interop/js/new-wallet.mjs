// Makes the key of a wallet and keeps it in a file:
//
//   node new-wallet.mjs FILE
//
// It prints the did:key, which a person must authorise before this wallet can hold a receipt of hers.

import {make} from './lib/wallet.mjs';

const [file] = process.argv.slice(2);
if(!file) {
  throw new Error('a file is needed');
}
process.stdout.write(JSON.stringify({did: await make(file)}));
