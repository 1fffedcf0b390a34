// What an issuer publishes about itself, read over HTTP.

/** Fetches JSON. */
export async function fetchJson(url) {
  const response = await fetch(url);
  if(!response.ok) {
    throw new Error(`GET ${url}: ${response.status}`);
  }
  return response.json();
}

/** Where a well-known document of an issuer is: between host and path (RFC 8615). */
export function wellKnown(issuer, name) {
  const {origin, pathname} = new URL(issuer);
  return `${origin}/.well-known/${name}${pathname === '/' ? '' : pathname}`;
}

/** A key of an issuer by its name: the JWT VC Issuer Metadata of the issuer's URL says which are its own. */
export async function issuerKey(issuer, kid) {
  const metadata = await fetchJson(wellKnown(issuer, 'jwt-vc-issuer'));
  if(metadata.issuer !== issuer) {
    throw new Error(`the metadata is of ${metadata.issuer}`);
  }
  const jwk = metadata.jwks.keys.find(key => key.kid === kid);
  if(!jwk) {
    throw new Error(`${issuer} has no key ${kid}`);
  }
  return jwk;
}
