// Gives consent to a request, and lives the consent through to its end, with keys, canonical bytes and signatures by
// foreign packages alone:
//
//   node sign-grant.mjs --node URL --invitation INVITATION --curve ed25519|p256 [--language en]
//
// It prints what it posted and what the node answered, as one JSON object, and judges nothing of it but the request.

import {parseArgs} from 'node:util';
import {CURVES, newKey} from './lib/keys.mjs';
import {Node} from './lib/node.mjs';
import {sign, verify} from './lib/proof.mjs';
import {credential, digestOf, narrow, shown, time} from './lib/records.mjs';

const GRANTED_DAYS = 30;
const RENEWED_DAYS = 60;

const {values: options} = parseArgs({
  options: {
    node: {type: 'string'},
    invitation: {type: 'string'},
    curve: {type: 'string'},
    language: {type: 'string', default: 'en'},
  },
});
if(!options.node || !options.invitation || !CURVES.includes(options.curve)) {
  throw new Error(`--node, --invitation and --curve (${CURVES.join(' or ')}) are needed`);
}

const node = new Node(options.node);
const {origin} = await node.log();
const {request: requestDigest, record: request} = await node.resolve(options.invitation);
const requestVerified = await verify(request, {domain: origin, documents: await node.controllerDocuments()});
const notice = await node.notice(request.credentialSubject.notices[options.language]);

const person = await newKey(options.curve);
// The paper key is of the other curve, so that one consent is ended by another algorithm than it was given by.
const paper = await newKey(CURVES.find(curve => curve !== options.curve));
const posted = [];

/** Signs a record and posts it; gives its digest. */
async function say(kind, claims, {signer = person, challenge, validUntil} = {}) {
  const anchored = {...claims, anchor: await node.anchor()};
  const document = credential(kind, signer.did, anchored, validUntil);
  const record = await sign(document, {key: signer.key, domain: origin, challenge});
  const {status, body} = await node.submit(record);
  posted.push({kind, digest: digestOf(record), record, status, answer: body});
  return digestOf(record);
}

const scope = request.credentialSubject.clauses;
const consent = await say('ConsentGrant', {
  request: requestDigest,
  controller: request.issuer,
  scope,
  shown: shown(notice, scope),
  withdrawalKey: paper.did,
  strength: 'subject-key',
}, {challenge: options.invitation, validUntil: time(GRANTED_DAYS)});

const {removed, remaining} = narrow(scope);
const narrowing = await say('Narrowing', {consent, previous: consent, removed, remaining: digestOf(remaining)});

await say('Renewal', {
  consent,
  previous: narrowing,
  request: requestDigest,
  scope: remaining,
  shown: shown(notice, remaining),
  strength: 'subject-key',
}, {validUntil: time(RENEWED_DAYS)});

await say('ErasureRequest', {consent, ground: 'eu-gdpr:JustificationA17NoLegalBasis'});
await say('Withdrawal', {consent}, {signer: paper});

process.stdout.write(JSON.stringify({
  origin,
  consent,
  subject: person.did,
  withdrawalKey: paper.did,
  requestVerified,
  posted,
}));
