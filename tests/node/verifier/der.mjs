/* As much of DER (X.690) and CMS (RFC 5652) as time stamps and seals need. */
import {X509Certificate, createHash, verify} from 'node:crypto';
import {Broken, must} from './strict.mjs';

export function der(bytes) {
  const [value] = values(bytes, 1);
  return value;
}

export function values(bytes, most = Infinity) {
  const found = [];
  for(let at = 0; at < bytes.length && found.length < most;) {
    let length = bytes[at + 1], head = 2;
    if(length & 0x80) {
      const count = length & 0x7f;
      must(count > 0 && count < 5, 'not in DER');
      length = bytes.readUIntBE(at + 2, count);
      head += count;
    }
    must(at + head + length <= bytes.length, 'not in DER');
    found.push({tag: bytes[at], content: bytes.subarray(at + head, at + head + length), whole: bytes.subarray(at, at + head + length)});
    at += head + length;
  }
  must(found.length, 'not in DER');
  return found;
}

export const inner = value => values(value.content);
const HASHES = {'608648016503040201': 'sha256', '608648016503040202': 'sha384', '608648016503040203': 'sha512'};
const MESSAGE_DIGEST = '2a864886f70d010904', CONTENT_TYPE = '2a864886f70d010903';

export function hashOf(identifier) {
  const name = HASHES[inner(identifier)[0].content.toString('hex')];
  must(name, 'a hash that this verifier does not know');
  return name;
}

export const digest = (name, ...parts) => parts.reduce((hash, part) => hash.update(part), createHash(name)).digest();

/* The content and the certificate of a SignedData with one signer, whose signature holds. `detached`: what it is over, if not within. */
export function signedData(bytes, detached) {
  const signed = inner(inner(inner(der(bytes))[1])[0]);
  const encapsulated = inner(signed[2]);
  const content = detached ?? [inner(encapsulated[1])[0].content];
  const certificates = inner(signed.find(value => value.tag === 0xa0)).map(one => new X509Certificate(one.whole));
  const signers = inner(signed.at(-1));
  must(signers.length === 1, 'it has not one signer');
  const [, identifier, algorithm, attributes, , signature] = inner(signers[0]);
  must(attributes.tag === 0xa0, 'it has no signed attributes');
  const serial = BigInt(`0x${inner(identifier)[1].content.toString('hex')}`);
  const certificate = certificates.find(one => BigInt(`0x${one.serialNumber}`) === serial);
  must(certificate, 'the certificate of its signer is missing');
  const told = new Map(inner(attributes).map(one => inner(one)).map(([type, set]) => [type.content.toString('hex'), inner(set)[0].content]));
  const name = hashOf(algorithm);
  must(told.get(MESSAGE_DIGEST)?.equals(digest(name, ...content)), 'its content was changed');
  must(told.get(CONTENT_TYPE)?.equals(encapsulated[0].content), 'it says two types of its content');
  const message = Buffer.concat([Buffer.from([0x31]), attributes.whole.subarray(1)]);
  must(verify(name, message, certificate.publicKey, signature.content), 'its signature does not fit it');
  return {content: Buffer.concat(content), certificate};
}

export function broken(words, check) {
  try {
    return check();
  } catch(error) {
    throw new Broken(`${words} (${error.message}).`);
  }
}
