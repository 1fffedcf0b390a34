// Documents as a verifier loads them: did:key computed, did:web and everything else over HTTP, JSON-LD contexts from here.

import {contexts} from '@digitalbazaar/credentials-context';
import {fetchJson} from './issuer.mjs';
import {offlineLoader} from './keys.mjs';

const PLACET = 'https://w3id.org/placet/v1';

/** A document loader. `context` is Placet's own, for suites that read JSON-LD. */
export function httpLoader(context) {
  const known = new Map(contexts);
  if(context) {
    known.set(PLACET, context);
  }
  return async url => {
    if(known.has(url)) {
      return {contextUrl: null, documentUrl: url, document: known.get(url)};
    }
    if(url.startsWith('did:web:')) {
      const [did] = url.split('#');
      return offlineLoader({[did]: await fetchJson(webUrl(did))})(url);
    }
    if(url.startsWith('did:')) {
      return offlineLoader()(url);
    }
    return {contextUrl: null, documentUrl: url, document: await fetchJson(url)};
  };
}

/** Where the document of a did:web is (did:web, section 3.2). */
function webUrl(did) {
  const [host, ...path] = did.slice('did:web:'.length).split(':').map(decodeURIComponent);
  return `https://${[host, ...(path.length > 0 ? path : ['.well-known']), 'did.json'].join('/')}`;
}
