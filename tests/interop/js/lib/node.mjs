// The node's public HTTP interface, as anyone sees it: no token.

// A brand's public record holds its methods as plain JSON; the foreign library wants to be told that it is a DID document.
const DID_CONTEXT = ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'];

/** A node at a base URL. */
export class Node {
  constructor(url) {
    this.url = url.replace(/\/$/, '');
  }

  /** What a client must know of the log. */
  log() {
    return this.#get('/v1/log');
  }

  /** The request that an invitation is for. */
  async resolve(invitation) {
    const {status, body} = await this.#post('/v1/invitations/resolve', {invitation});
    if(status !== 200) {
      throw new Error(`the invitation does not resolve: ${JSON.stringify(body)}`);
    }
    return body;
  }

  notice(digest) {
    return this.#get(`/v1/notices/${digest}`);
  }

  /** The DID documents of all registered brands, by DID, read from their public records in the log. */
  async controllerDocuments() {
    const documents = {};
    const {controllers} = await this.#get('/v1/controllers');
    for(const {did, keysIndex} of controllers) {
      const {record} = await this.#get(`/log/public/${keysIndex}`);
      documents[did] = {'@context': DID_CONTEXT, ...record.credentialSubject.document};
    }
    return documents;
  }

  /** The newest tree head, for a record's anchor. */
  async anchor() {
    const response = await fetch(`${this.url}/log/checkpoint`);
    const [, size, root] = (await response.text()).split('\n');
    return {size: Number(size), root: Buffer.from(root, 'base64').toString('hex')};
  }

  /** Posts a signed record: `{status, body}`, whatever the node says. */
  submit(record) {
    return this.#post('/v1/records', record);
  }

  async #get(path) {
    const response = await fetch(`${this.url}${path}`);
    if(!response.ok) {
      throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    }
    return response.json();
  }

  async #post(path, value) {
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify(value),
    });
    return {status: response.status, body: await response.json()};
  }
}
