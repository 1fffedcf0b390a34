// Signing and checking records, by the foreign packages.

import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as ecdsaJcs2019 from '@digitalbazaar/ecdsa-jcs-2019-cryptosuite';
import * as eddsaJcs2022 from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import jsigs from 'jsonld-signatures';
import {offlineLoader} from './keys.mjs';

const SUITES = {
  Ed25519: eddsaJcs2022,
  'P-256': ecdsaJcs2019,
};

/**
 * The library's own AssertionProofPurpose knows no `domain` and no `challenge`; only its authentication purpose does. A
 * purpose may add members to a proof before it is signed and judge them afterwards, so this needs no way around the
 * library.
 */
class ConsentPurpose extends jsigs.purposes.AssertionProofPurpose {
  constructor({domain, challenge}) {
    super();
    this.domain = domain;
    this.challenge = challenge;
  }

  async update(proof, options) {
    const updated = await super.update(proof, options);
    updated.domain = this.domain;
    if(this.challenge !== undefined) {
      updated.challenge = this.challenge;
    }
    return updated;
  }

  async validate(proof, options) {
    if(proof.domain !== this.domain) {
      return {valid: false, error: new Error(`the proof is for the log ${proof.domain}`)};
    }
    if(this.challenge !== undefined && proof.challenge !== this.challenge) {
      return {valid: false, error: new Error('the proof answers another invitation')};
    }
    return super.validate(proof, options);
  }
}

/** The document with one Data Integrity proof: eddsa-jcs-2022 or ecdsa-jcs-2019, by the kind of the key. */
export async function sign(document, {key, domain, challenge}) {
  const signer = key.signer();
  const suite = new DataIntegrityProof({
    signer,
    date: document.validFrom,
    cryptosuite: SUITES[signer.algorithm].createSignCryptosuite(),
  });
  const purpose = new ConsentPurpose({domain, challenge});
  return jsigs.sign({...document}, {suite, purpose, documentLoader: offlineLoader()});
}

/**
 * What the library says of a signed record: `{verified, cryptosuite, error?}`. `documents` holds the DID documents, by DID,
 * of signers that have no did:key.
 */
export async function verify(document, {domain, challenge, documents}) {
  const cryptosuite = document.proof?.cryptosuite;
  const suites = Object.values(SUITES).map(suite => new DataIntegrityProof({cryptosuite: suite.createVerifyCryptosuite()}));
  const purpose = new ConsentPurpose({domain, challenge});
  const result = await jsigs.verify(document, {suite: suites, purpose, documentLoader: offlineLoader(documents)});
  // The library checks that the method belongs to its controller, and leaves it to VC libraries to compare that controller
  // with the issuer.
  const controllers = (result.results ?? []).map(({verificationMethod}) => verificationMethod?.controller);
  const byIssuer = result.verified && controllers.every(controller => controller === document.issuer);
  const errors = [result.error].flat().filter(Boolean).map(error => error.errors ?? error).flat();
  if(result.verified && !byIssuer) {
    errors.push(new Error(`signed by ${controllers}, issued by ${document.issuer}`));
  }
  return {
    verified: byIssuer,
    cryptosuite,
    ...(errors.length > 0 && {error: errors.map(error => error.message).join('; ')}),
  };
}
