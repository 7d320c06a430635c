// The npm package's side of the comparison: verifies tokens one after the other
// and prints how many a second. It reads one JSON object from standard input:
// {"keySets": {region: url}, "tokens": [...], "seconds": n, "cached": bool}.
//
// Two things of the package are changed from outside, since it offers no other
// way: the addresses of the key sets, which are constants in it, and its refusal
// of a token that it has seen, which is a Set that it never empties.
const fs = require('fs');
const Module = require('module');

const job = JSON.parse(fs.readFileSync(0, 'utf8'));
const jwks = require('jwks-rsa');
const Client = jwks.JwksClient;
const addresses = {
  'https://xapi-r.wbx2.com/jwks': 'us-west-2_r',
  'https://xapi-a.wbx2.com/jwks': 'us-east-2_a',
  'https://xapi-k.wbx2.com/jwks': 'eu-central-1_k',
};

// As it is, the package makes a client for each token, which therefore never
// has a key. Cached, it gets the same client each time, with jwks-rsa's own cache.
const kept = new Map();
jwks.JwksClient = function (options) {
  const jwksUri = job.keySets[addresses[options.jwksUri]];
  if (!job.cached) return new Client({ ...options, jwksUri });
  if (!kept.has(jwksUri)) kept.set(jwksUri, new Client({ ...options, jwksUri, cache: true }));
  return kept.get(jwksUri);
};
const has = Set.prototype.has;
const tokenIDs = new Set(job.tokens.map((t) => JSON.parse(Buffer.from(t.split('.')[1], 'base64url')).jti));
Set.prototype.has = function (value) { return !has.call(tokenIDs, value) && has.call(this, value); };

const { decodeAndVerify } = Module.createRequire(require.resolve('workspace-integrations'))('./jwt');

(async () => {
  const began = process.hrtime.bigint();
  const end = began + BigInt(Math.round(job.seconds * 1e9));
  let done = 0;
  for (; process.hrtime.bigint() < end; done++) {
    if (!(await decodeAndVerify(job.tokens[done % job.tokens.length]))) process.exit(1);
  }
  console.log(done / (Number(process.hrtime.bigint() - began) / 1e9));
  process.exit(0);
})();
