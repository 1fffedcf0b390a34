// What name servers and a proxy with TLS do for an issuer: its public URL leads to where it listens.

/** From now on, what is fetched from below a URL comes from an address: `URL=ADDRESS`. */
export function serveAt(where) {
  const [url, address] = where.split('=');
  const real = globalThis.fetch;
  globalThis.fetch = (resource, settings) => {
    const named = resource instanceof Request ? resource.url : String(resource);
    if(!named.startsWith(`${url}/`)) {
      throw new Error(`nothing is fetched from elsewhere: ${named}`);
    }
    const there = address + named.slice(url.length);
    return real(resource instanceof Request ? new Request(there, resource) : there, settings);
  };
}
