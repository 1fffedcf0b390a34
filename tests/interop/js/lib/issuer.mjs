// What an issuer publishes about itself, read over HTTP.

/** Fetches JSON. */
export async function fetchJson(url) {
  const response = await fetch(url);
  if(!response.ok) {
    throw new Error(`GET ${url}: ${response.status}`);
  }
  return response.json();
}

/** A key of an issuer by its name: the JWT VC Issuer Metadata of the issuer's URL says which are its own. */
export async function issuerKey(issuer, kid) {
  const {origin, pathname} = new URL(issuer);
  const path = pathname === '/' ? '' : pathname;
  const metadata = await fetchJson(`${origin}/.well-known/jwt-vc-issuer${path}`);
  if(metadata.issuer !== issuer) {
    throw new Error(`the metadata is of ${metadata.issuer}`);
  }
  const jwk = metadata.jwks.keys.find(key => key.kid === kid);
  if(!jwk) {
    throw new Error(`${issuer} has no key ${kid}`);
  }
  return jwk;
}
