// For each of the W3C's suites: copy it there as localConfig.cjs. PLACET_VC_API_DID is what the issuer shows when it starts.
const base = 'https://localhost:8443';
const id = process.env.PLACET_VC_API_DID;
const issuer = (options, tags) => ({ id, endpoint: `${base}/credentials/issue`, options, tags, supports: { vc: ['1.1', '2.0'] } });
const status = { type: 'BitstringStatusListEntry', statusPurpose: 'revocation' };

module.exports = {
  settings: { enableInteropTests: true, testAllImplementations: false },
  implementations: [{
    name: 'Placet',
    implementation: 'Placet',
    issuers: [
      issuer({ cryptosuite: 'eddsa-jcs-2022' }, ['vc2.0', 'eddsa-jcs-2022']),
      issuer({ cryptosuite: 'eddsa-rdfc-2022' }, ['eddsa-rdfc-2022']),
      issuer({ mediaType: 'application/vc+jwt' }, ['EnvelopingProof']),
      issuer({ cryptosuite: 'eddsa-rdfc-2022', credentialStatus: status }, ['BitstringStatusList']),
    ],
    verifiers: [{
      id,
      endpoint: `${base}/credentials/verify`,
      options: {},
      tags: ['vc2.0', 'eddsa-jcs-2022', 'eddsa-rdfc-2022', 'EnvelopingProof', 'BitstringStatusList'],
    }],
    // One of each, since the suite of the data model writes the challenge of its enveloped presentations into these options.
    vpVerifiers: ['vc2.0', 'EnvelopingProof'].map((tag) => ({ id, endpoint: `${base}/presentations/verify`, options: {}, tags: [tag] })),
  }],
};
