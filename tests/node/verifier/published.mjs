/* What an organisation publishes of its keys, and what was revoked (section 5.1); lists of revoked badges (section 16). */
import {gunzipSync} from 'node:zlib';
import {certificateOf, fingerprintOf, hasSigned, tokenOf} from './signatures.mjs';
import {must, readJson, unbase64} from './strict.mjs';

export class Published {
  constructor(content) {
    const told = readJson(content);
    must(told.type === 'milepost-keys/1', 'The published keys are not the keys.json of an organisation’s log.');
    const certificates = new Map(told.keys.map(key => [key.fingerprint, certificateOf(key.certificate)]));
    certificates.forEach((certificate, mark) => must(fingerprintOf(certificate) === mark, 'Among the published keys is another certificate.'));
    const isBy = (by, text, signature) => certificates.has(by) && hasSigned(certificates.get(by), Buffer.from(text), unbase64(signature));
    this.before = new Map();
    this.revoked = new Map();
    for(const {fingerprint, endorsed_by: by, endorsement, revocation} of told.keys) {
      must(!by || isBy(by, `milepost-key-endorsement/1:${fingerprint}`, endorsement), `Among the published keys ${by} did not hand over.`);
      this.before.set(fingerprint, by);
      if(revocation) {
        const said = readJson(revocation.statement);
        must(said.type === 'milepost-key-revocation/1' && said.key === fingerprint && said.by !== fingerprint
          && isBy(said.by, revocation.statement, revocation.signature), `The revocation of ${fingerprint} does not hold.`);
        this.revoked.set(fingerprint, said);
      }
    }
  }

  accepted(wanted) {
    const found = new Set(wanted.size ? wanted : this.before.keys());
    for(let size = 0; size < found.size;) {
      size = found.size;
      this.before.forEach((by, mark) => found.has(by) && found.add(mark));
    }
    return found;
  }

  hold(signings) {
    for(const {key, time} of signings) {
      const since = this.revoked.get(key)?.since;
      must(!since || Date.parse(time) < Date.parse(since), `The key ${key} was revoked: what it signed from ${since} on is not to be believed.`);
    }
  }
}

export function holdStatus(badge, list, keys) {
  const where = badge.credentialStatus, {claims, certificate} = tokenOf(list.toString('latin1').trim());
  must(keys.has(fingerprintOf(certificate)), 'The list of revocations is signed with a key that is none that you expect.');
  const {statusPurpose, encodedList} = claims.credentialSubject;
  must(claims.id === where.statusListCredential && claims.issuer === badge.issuer.id && statusPurpose === 'revocation' && where.statusPurpose === 'revocation',
    'The list of revocations is not the one that the badge names.');
  must(Date.parse(claims.validUntil) >= Date.now(), 'The list of revocations is not of today.');
  must(encodedList.startsWith('u'), 'The list of revocations can’t be read.');
  const bits = gunzipSync(Buffer.from(encodedList.slice(1), 'base64url'), {maxOutputLength: 2 ** 24});
  const index = Number(where.statusListIndex);
  must(index >= 0 && index < bits.length * 8 && !(bits[index >> 3] & 0x80 >> index % 8), 'The badge was revoked.');
}
