/* The signed head of the tree: seal, time stamp, checkpoint and witnesses (sections 8 to 10). */
import {broken, digest, hashOf, inner, signedData, values} from './der.mjs';
import {certificateOf, fingerprintOf, hasSigned, VerifierKey} from './signatures.mjs';
import {must, readJson, textOf, unbase64, unhex} from './strict.mjs';
import {isConsistent} from './tree.mjs';

const TEN_MINUTES = 600_000, TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
export const moment = text => Date.parse(text);
const clockOf = head => Math.min(moment(head.time), moment(head.clock ?? head.time));

export function checkSeal(seal, known, told) {
  const head = readJson(seal.statement);
  must(head.type === 'milepost-tree-head/1', 'The seal is the seal of something else.');
  const certificate = certificateOf(seal.certificate);
  must(fingerprintOf(certificate) === head.key, 'The seal names another certificate than the one beside it.');
  must(!known || known.has(head.key), 'The journal is sealed with a key that is not the organisation’s.');
  const signature = unbase64(seal.signature);
  must(hasSigned(certificate, Buffer.from(seal.statement), signature), 'The seal was changed: its signature does not fit it.');
  if(seal.timestamp) {
    checkStamp(unbase64(seal.timestamp), signature, head, told);
  }
  return {head, certificate};
}

/* Stamped heads before the last one: the journal begins with each, and they are in order. */
export function checkHeads(heads, last, known, told) {
  let before = {size: 0, time: ''};
  for(const {statement, signature, timestamp, path} of heads) {
    const head = readJson(statement), by = known.get(head.key);
    must(head.type === last.type && head.organisation === last.organisation && by, 'journal/heads.json holds the head of something else.');
    must(hasSigned(by, Buffer.from(statement), unbase64(signature)), 'A head was changed: its signature does not fit it.');
    const steps = path.map(step => unhex(step, 32));
    must(isConsistent(head.size, unhex(head.root, 32), last.size, unhex(last.root, 32), steps), 'A head is of another journal.');
    checkStamp(unbase64(timestamp), unbase64(signature), head, told);
    must(head.size > before.size && !(moment(head.time) <= moment(before.time)), 'The heads are not in order.');
    before = head;
  }
  must(last.size > before.size && !(moment(last.time) <= moment(before.time)), 'The seal is dated before a head before it.');
}

function checkStamp(token, signature, head, told) {
  const {content, certificate} = broken('The time stamp does not hold', () => signedData(token));
  const [, , imprint, , time] = inner(values(content, 1)[0]);
  const [algorithm, hashed] = inner(imprint);
  must(hashed.content.equals(digest(hashOf(algorithm), signature)), 'The time stamp speaks of another seal.');
  const [, year, month, day, hour, minute, second, rest] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/.exec(time.content.toString('latin1'));
  const dated = moment(`${year}-${month}-${day}T${hour}:${minute}:${second}${rest ?? ''}Z`);
  must(dated >= clockOf(head) - TEN_MINUTES, 'The time stamp is older than the seal that it dates.');
  must(certificate.keyUsage?.join() === TIME_STAMPING, 'The time stamp is by a certificate that is not for time stamps alone.');
  must(moment(certificate.validFrom) <= dated && dated <= moment(certificate.validTo), 'The certificate of the time stamp was not valid then.');
  told.push(`A time stamp dates the seal: ${new Date(dated).toISOString()}, by the certificate ${fingerprintOf(certificate)}.`);
}

export function checkCheckpoint(note, log, head, known, policy, told) {
  must((note == null) === (log == null), 'There is a checkpoint without the key of its log, or the key alone.');
  if(note == null) {
    must(!policy, 'The head of the journal carries nothing that witnesses could have signed.');
    return;
  }
  const key = new VerifierKey(log.vkey, 1);
  const by = known.get(log.endorsed_by);
  must(by && hasSigned(by, Buffer.from(`milepost-log-key/1:${log.vkey}`), unbase64(log.endorsement)),
    'The checkpoint is signed with a key that is not the organisation’s.');
  const content = Buffer.isBuffer(note) ? textOf(note) : note;
  must(content.length <= 128 * 1024 && content.includes('\n\n') && content.endsWith('\n'), 'The checkpoint is no signed note.');
  const blank = content.lastIndexOf('\n\n');
  const text = content.slice(0, blank + 1), message = Buffer.from(text);
  must(text === `${key.name}\n${head.size}\n${Buffer.from(head.root, 'hex').toString('base64')}\n`, 'The checkpoint says something else than its seal.');
  const signatures = content.slice(blank + 2).trimEnd().split('\n').map(line => {
    const [, name, encoded] = /^— ([^ +]+) (\S+)$/.exec(line) ?? [];
    must(name, 'A line of the checkpoint is no signature.');
    const bytes = unbase64(encoded);
    return {name, id: bytes.subarray(0, 4), bytes: bytes.subarray(4)};
  });
  const by_ = one => signatures.filter(signature => signature.name === one.name && signature.id.equals(one.id));
  must(by_(key).length && by_(key).every(one => key.hasSigned(message, one.bytes)), 'The signature of the log does not fit the checkpoint.');
  const cosigned = new Set();
  for(const [name, witness] of policy?.witnesses ?? []) {
    for(const {bytes} of by_(witness)) {
      const seconds = bytes.subarray(0, 8).readBigUInt64BE();
      const signed = Buffer.concat([Buffer.from(`cosignature/v1\ntime ${seconds}\n`), message]);
      must(witness.hasSigned(signed, bytes.subarray(8)), `The signature of the witness ${witness.name} does not fit the head.`);
      must(Number(seconds) * 1000 >= clockOf(head) - TEN_MINUTES, `The witness ${witness.name} cosigned before the journal was sealed.`);
      cosigned.add(name);
      told.push(`${witness.name} cosigned the head.`);
    }
  }
  must(!policy || policy.isMet(cosigned, policy.quorum), 'Not enough witnesses cosigned the head.');
}

/* C2SP tlog-policy; or all of some witnesses. */
export class Policy {
  constructor() {
    this.witnesses = new Map();
    this.groups = new Map();
    this.quorum = '';
  }

  static ofAll(keys) {
    const policy = new Policy();
    keys.forEach(key => policy.witnesses.set(key, new VerifierKey(key, 4)));
    policy.groups.set('all of them', [keys.length, keys]);
    policy.quorum = 'all of them';
    return policy;
  }

  static parse(text) {
    const policy = new Policy();
    for(const line of text.split('\n')) {
      const [word, name, ...rest] = line.trim().split(/[ \t]+/);
      if(word === 'witness') {
        policy.witnesses.set(name, new VerifierKey(rest[0], 4));
      } else if(word === 'group') {
        policy.groups.set(name, [{all: rest.length - 1, any: 1}[rest[0]] ?? Number(rest[0]), rest.slice(1)]);
      } else if(word === 'quorum') {
        policy.quorum = name;
      } else {
        must(['', 'log'].includes(word) || word.startsWith('#'), `A line of the policy can’t be read: ${line}`);
      }
    }
    must(policy.quorum, 'The policy has no quorum.');
    return policy;
  }

  isMet(cosigned, name) {
    if(!this.groups.has(name)) {
      return name === 'none' || cosigned.has(name);
    }
    const [count, members] = this.groups.get(name);
    return members.filter(member => this.isMet(cosigned, member)).length >= count;
  }
}
