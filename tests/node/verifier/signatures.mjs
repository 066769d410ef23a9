/* Certificates, what their keys signed, and how one key handed over to the next (sections 4 and 5); keys of logs and witnesses. */
import {X509Certificate, createPublicKey, verify} from 'node:crypto';
import {Broken, isFingerprint, must, readJson, sha256, sha256hex, unbase64} from './strict.mjs';

const DER = 0x30; // how an ASN.1 sequence begins

/* Of DER, or of PEM with nothing beside it. */
export function certificateOf(content) {
  try {
    const found = new X509Certificate(content);
    if(content[0] === DER || found.toString() === content.toString()) {
      return found;
    }
  } catch {
    // told below
  }
  throw new Broken('A certificate can’t be read.');
}

export const fingerprintOf = certificate => sha256hex(certificate.raw);
export const hasSigned = (certificate, content, signature) =>
  certificate.publicKey.asymmetricKeyType === 'rsa' && verify('sha256', content, certificate.publicKey, signature);

export class Keys {
  constructor(files) {
    this.files = files;
    this.known = new Map();
  }

  certificate(mark) {
    must(isFingerprint(mark), 'A key is named by no fingerprint.');
    const file = this.files.get(`keys/${mark}.pem`);
    must(file, `keys/${mark}.pem is missing.`);
    const found = certificateOf(file());
    must(fingerprintOf(found) === mark, `keys/${mark}.pem is another certificate than its name says.`);
    return found;
  }

  /* From the key of the manifest to all that handed over to it. */
  follow(mark) {
    const told = readJson(this.files.get('keys/keys.json')());
    while(mark) {
      this.known.set(mark, this.certificate(mark));
      must(Object.keys(told[mark] ?? {}).sort().join() === 'endorsed_by,endorsement', `keys/keys.json does not tell of ${mark}.`);
      const {endorsed_by: above, endorsement} = told[mark], signature = unbase64(endorsement);
      must(!this.known.has(above), `The key ${above} handed over in a circle.`);
      must(above ? hasSigned(this.certificate(above), Buffer.from(`milepost-key-endorsement/1:${mark}`), signature) : !signature.length,
        `The key ${above} did not hand over to ${mark}.`);
      mark = above;
    }
    Object.keys(told).forEach(one => must(this.known.has(one), `keys/keys.json tells of ${one}, which did not hand over.`));
    for(const name of this.files.keys()) {
      const found = /^keys\/([0-9a-f]{64})\.pem$/.exec(name);
      must(!found || this.known.has(found[1]), `${name} is a key that did not hand over to the one which signed the dossier.`);
    }
  }
}

/* The key of a log (type 1) or a witness (type 4): C2SP signed-note. */
export class VerifierKey {
  constructor(text, type) {
    const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(text.trim()) ?? [];
    must(name, `“${text}” is no key.`);
    const content = unbase64(encoded);
    must(content.length === 33 && content[0] === type, `“${text}” is no key of this sort.`);
    this.name = name;
    this.id = sha256(name, '\n', content).subarray(0, 4);
    must(this.id.toString('hex') === id, `“${text}” names the id of another key.`);
    this.public = createPublicKey({key: {kty: 'OKP', crv: 'Ed25519', x: content.subarray(1).toString('base64url')}, format: 'jwk'});
  }

  hasSigned(message, signature) {
    return signature.length === 64 && verify(null, message, this.public, signature);
  }
}

/* A signed token that carries its certificate (JWS compact serialization, RS256). */
export function tokenOf(text) {
  const [header, body, signature] = text.split('.');
  const [{alg, jwk, x5c}, claims] = [header, body].map(part => readJson(Buffer.from(part, 'base64url')));
  const chain = jwk?.x5c ?? x5c;
  must(alg === 'RS256' && chain, 'The token does not carry its certificate.');
  const certificate = certificateOf(Buffer.from(chain[0], 'base64'));
  must(hasSigned(certificate, Buffer.from(`${header}.${body}`), Buffer.from(signature, 'base64url')), 'The token was changed: its signature does not fit it.');
  return {claims, certificate};
}
