// What a consumer's records say. Written from the published shapes; canonical bytes (RFC 8785) by a foreign package.

import canonicalize from 'canonicalize';
import {createHash, randomUUID} from 'node:crypto';

const CONTEXT = ['https://www.w3.org/ns/credentials/v2', 'https://w3id.org/placet/v1'];
const VERSION = 1;

/** SHA-256 of the canonical bytes, in hexadecimal: how records, notices, clauses and scopes are named. */
export function digestOf(value) {
  return createHash('sha256').update(canonicalize(value)).digest('hex');
}

/** A point in time `days` from now, as records write it: whole seconds, UTC. */
export function time(days = 0) {
  const moment = new Date(Date.now() + days * 24 * 60 * 60 * 1000);
  return `${moment.toISOString().slice(0, 19)}Z`;
}

/** A record before its proof. */
export function credential(kind, issuer, claims, validUntil) {
  return {
    '@context': CONTEXT,
    id: `urn:uuid:${randomUUID()}`,
    type: ['VerifiableCredential', kind],
    issuer,
    validFrom: time(),
    ...(validUntil && {validUntil}),
    credentialSubject: {version: VERSION, ...claims},
  };
}

/** What was on the screen, and a clear act for each clause. */
export function shown(notice, scope) {
  return {
    notice: digestOf(notice),
    language: notice.language,
    page: 'A consent page by somebody else 1.0',
    choices: scope.map(clause => ({clause: digestOf(clause), initial: 'off', act: 'explicit-statement'})),
  };
}

/**
 * Takes back one category of a clause that has several, and another clause altogether: `{removed, remaining}`, the
 * patterns and the scope that is left.
 */
export function narrow(scope) {
  const wide = scope.find(clause => clause.categories.length > 1);
  const gone = scope.find(clause => clause !== wide);
  const [value] = wide.categories;
  const less = {...wide, categories: wide.categories.slice(1)};
  const left = scope.filter(clause => clause !== gone).map(clause => clause === wide ? less : clause);
  return {
    removed: [{clause: gone}, {purpose: wide.purpose.id, dimension: 'categories', value}],
    remaining: sorted(left),
  };
}

/** Clauses in the order in which a scope is written: ascending by canonical bytes. */
function sorted(clauses) {
  const bytes = clause => Buffer.from(canonicalize(clause));
  return [...clauses].sort((one, other) => Buffer.compare(bytes(one), bytes(other)));
}
