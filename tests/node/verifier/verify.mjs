/* A second, small verifier of what Milepost gives out, written from docs/dossier-format.md and knowing nothing of the first.

   node verify.mjs FILE [--key FINGERPRINT]... [--earlier DOSSIER] [--witness VKEY]... [--policy FILE] [--published KEYS]
                       [--status-list LIST] [--issuer-keys JWKS]

   Needs Node 20 and no packages. Does not look into what was added to a PDF after a seal, nor check proofs of badges that are JSON
   (RDF canonicalisation): those it calls consistent with themselves. Exit status as in section 1. */
import {readFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';
import {readZip} from './archive.mjs';
import {checkAttestation} from './attestations.mjs';
import {aboutsOf, Facts, holdDemonstration, identityOf, ofDemonstration, whoseOf} from './facts.mjs';
import {checkCheckpoint, checkHeads, checkSeal, Policy} from './head.mjs';
import {attached, checkPdf, Pieces} from './papers.mjs';
import {holdStatus, Published} from './published.mjs';
import {Records} from './records.mjs';
import {fingerprintOf, hasSigned, Keys, tokenOf} from './signatures.mjs';
import {Broken, canonical, isFingerprint, must, readJson, sha256, sha256hex, unhex, uuid5} from './strict.mjs';
import {climb, goesOn, rootOf} from './tree.mjs';

const DOSSIER = 'milepost-dossier/2', RECEIPT = 'milepost-receipt/1', UID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const OF_BOTH = 'journal/(entries\\.jsonl|leaves\\.txt|checkpoint\\.txt|(proof|seal|heads|completeness)\\.json)|keys/([0-9a-f]{64}\\.pem|(keys|log)\\.json)';
const REQUIRED = ['keys/keys.json', 'journal/entries.jsonl', 'journal/leaves.txt', 'journal/proof.json', 'journal/seal.json'];
const PLACES = {
  [DOSSIER]: {places: new RegExp(`^(cover\\.pdf|${OF_BOTH}|(records|pieces|as-the-organisation-says)/.+)$`, 's'), required: ['cover.pdf', ...REQUIRED]},
  [RECEIPT]: {places: new RegExp(`^(read-me\\.txt|${OF_BOTH}|pieces/certificates/${UID}\\.pdf|pieces/badges/${UID}\\.svg)$`), required: REQUIRED}
};

/* Checks the bytes: the keys whose file it may be, its own first, what was signed when, and, of a dossier, its state. Throws `Broken`. */
export function verify(bytes, {wanted = new Set(), policy = null, published = null, statusList = null} = {}) {
  const accepted = published ? published.accepted(wanted) : wanted;
  const start = bytes.subarray(0, 1024).toString('latin1').trimStart();
  let found;
  if(start.startsWith('PK')) {
    found = checkZip(bytes, policy);
  } else if(start.startsWith('{') && !start.includes('OpenBadgeCredential')) {
    found = checkProof(readJson(bytes), policy);
  } else {
    must(!policy, 'Witnesses cosign journals, and nothing else.');
    found = start.startsWith('%PDF') ? checkPaper(bytes, accepted) : start.startsWith('{') ? NOT_CHECKED : checkToken(bytes, accepted, statusList);
  }
  const {known, signings} = found;
  must(!accepted.size || !known.length || known.some(key => accepted.has(key)), `It is signed with the key ${known[0]}, which is none that you expect.`);
  published?.hold(signings);
  return {...found, isKnown: accepted.size > 0 && known.length > 0};
}

/* A sealed PDF, and, if it is an attestation, what that says. */
function checkPaper(bytes, accepted) {
  const found = checkPdf(bytes, accepted);
  if(!bytes.includes('attestation.json')) {
    return found;
  }
  must(!accepted.size || accepted.has(found.first), 'It was not sealed as an attestation by whom you expect.');
  const {signings, told} = checkAttestation(attached(bytes), found.first, checkProof);
  return {...found, known: [found.first], signings: [...found.signings, ...signings], told};
}

const NOT_CHECKED = {known: [], signings: [], told: ['The proof in a badge that is JSON was not checked.']};

/* A dossier or a receipt: what both have in common, and then what each has of its own. */
function checkZip(bytes, policy) {
  const told = [], files = readZip(bytes);
  const content = files.get('manifest.json')?.(), signature = files.get('manifest.sig')?.();
  must(content && signature, 'manifest.json or manifest.sig is missing.');
  const manifest = readJson(content), places = PLACES[manifest.format];
  must(places, `This file is of the format ${manifest.format}, and this program reads ${Object.keys(PLACES).join(' and ')}.`);
  const keys = new Keys(files);
  must(hasSigned(keys.certificate(manifest.key), content, signature), 'manifest.json was changed: its signature does not fit it.');
  checkFiles(files, manifest, places);
  keys.follow(manifest.key);
  const {head} = checkSeal(readJson(files.get('journal/seal.json')()), keys.known, told);
  must(head.organisation === manifest.organisation.id, 'journal/seal.json is the seal of something else.');
  const heads = files.get('journal/heads.json')?.();
  checkHeads(heads ? readJson(heads) : [], head, keys.known, told);
  const log = files.get('keys/log.json')?.();
  checkCheckpoint(files.get('journal/checkpoint.txt')?.(), log === undefined ? null : readJson(log), head, keys.known, policy, told);
  const facts = new Facts(files.get('journal/entries.jsonl')());
  const proof = readJson(files.get('journal/proof.json')());
  must(proof.size === head.size, 'journal/proof.json belongs to another state of the journal.');
  must(rootOf(facts.leaves, proof.size, proof.nodes).toString('hex') === head.root, 'The facts are not those that were sealed.');
  must(facts.leaves.length === manifest.entries, 'The manifest tells of another number of facts.');
  told.isDemonstration = holdDemonstration(facts.demonstration, head);
  must(head.index, 'The seal names no index: that no fact was left out is not proven.');
  const completeness = files.get('journal/completeness.json')?.();
  must(completeness, 'journal/completeness.json is missing.');
  const wanted = manifest.format === DOSSIER ? facts.wanted(manifest.action.id, manifest.person?.id) : manifest.things.map(thing => [thing, manifest.person.id]);
  facts.index.hold(unhex(head.index, 32), readJson(completeness), [...wanted, [identityOf(head.organisation), null]]);
  facts.holdIdentity(manifest.organisation);
  const pieces = new Pieces(files, manifest, facts, keys);
  if(manifest.format === DOSSIER) {
    const records = new Records(files, manifest, facts);
    records.check();
    pieces.check(undefined, records);
    pieces.checkCover();
  } else {
    checkReceipt(files, manifest, facts, keys);
    pieces.check(name => /^pieces\/badges\//.test(name));
  }
  must(new Date(manifest.made_at) >= new Date(head.clock ?? head.time), 'made_at: before its journal was sealed.');
  const signings = [{key: manifest.key, time: manifest.made_at}, {key: head.key, time: head.clock ?? head.time}];
  return {known: [...keys.known.keys()], signings, told, state: {head, index: facts.index}};
}

function checkFiles(files, manifest, {places, required}) {
  const own = ['manifest.json', 'manifest.sig'];
  Object.keys(manifest.files).forEach(name => must(files.has(name) && !own.includes(name), `${name} is missing.`));
  for(const [name, content] of files) {
    const listed = manifest.files[name];
    must(!listed || Object.keys(listed).sort().join() === 'sha256,size', `manifest.json does not tell of ${name} as Milepost does.`);
    must(listed || own.includes(name), `${name} was added: the manifest does not know it.`);
    must(own.includes(name) || places.test(name), `${name} is nothing that Milepost puts there.`);
    must(own.includes(name) || (content().length === listed.size && sha256hex(content()) === listed.sha256), `${name} was changed.`);
  }
  required.forEach(name => must(files.has(name), `${name} is missing.`));
}

/* What a receipt may hold: facts of its person about what it tells of, and their badges (section 15.1). */
function checkReceipt(files, manifest, facts, keys) {
  const {person, things} = manifest, issued = new Map(), gone = new Set();
  for(const fact of facts.all.filter(({verb, object}) => verb !== 'erased' && object.type !== 'identity')) {
    must(whoseOf(fact) === person.id && things.includes(aboutsOf(fact)[0]), 'A fact in the receipt is of somebody else, or about something else.');
    if(fact.type === 'certificate.issued') {
      issued.set(fact.object.id, fact.context.course);
      gone.add(fact.context.replaces);
    } else if(fact.type === 'certificate.revoked') {
      gone.add(fact.object.id);
    }
  }
  for(const [name, content] of files) {
    const [, uid] = /^pieces\/badges\/(.+)\.svg$/.exec(name) ?? [];
    if(uid) {
      must(issued.has(uid) && !gone.has(uid), `${name} is the badge of no certificate that stands.`);
      const {claims, key} = badgeIn(content());
      must(keys.known.has(key), `${name} is signed with a key that is not the organisation’s.`);
      const {id, achievement} = claims.credentialSubject;
      must(id === `urn:uuid:${uuid5(person.id, 'open badges')}`, `${name} is the badge of somebody else.`);
      must(achievement.id.includes(`/achievements/${issued.get(uid)}/`), `${name} is a badge for something else.`);
    }
  }
}

function checkProof(proof, policy) {
  const told = [];
  must(proof.type === 'milepost-inclusion-proof/1', 'This JSON is not the proof of a fact.');
  const {statement, salt} = proof.entry, leaf = unhex(proof.leaf, 32);
  if(statement) {
    must(canonical(readJson(statement)) === statement, 'The fact is not in canonical form.');
    must(sha256('\x00', unhex(salt, 16), statement).equals(leaf), 'The fact was changed: its words do not give its leaf.');
  }
  const {head, certificate} = checkSeal(proof.seal, null, told);
  must(!statement || readJson(statement).organisation === head.organisation, 'The fact is of another organisation than the seal.');
  const root = climb(leaf, proof.index, head.size, proof.path.map(step => unhex(step, 32)));
  must(root.toString('hex') === head.root, 'The path does not lead from the fact to the sealed head.');
  told.isDemonstration = holdDemonstration(statement ? [ofDemonstration(readJson(statement))] : [], head);
  checkCheckpoint(proof.checkpoint, proof.log, head, new Map([[head.key, certificate]]), policy, told);
  return {known: [head.key], signings: [{key: head.key, time: head.clock ?? head.time}], told};
}

/* A badge as a token (section 16), alone or in a picture. */
function checkToken(bytes, accepted, statusList) {
  const {claims, key, said} = badgeIn(bytes);
  must((said.exp ?? Infinity) >= Date.now() / 1000 && said.nbf <= Date.now() / 1000 + 600, 'The badge is not valid today.');
  if(statusList) {
    holdStatus(claims, statusList, new Set([...accepted, key]));
  }
  const isDemonstration = claims.credentialSubject.achievement.achievementType === 'ext:Demonstration';
  return {known: [key], signings: [{key, time: claims.validFrom}], told: Object.assign([], {isDemonstration})};
}

function badgeIn(bytes) {
  const tokens = bytes.toString('latin1').match(/(?<![\w-])[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/g) ?? [];
  must(tokens.length === 1, 'There is not one badge in this file.');
  const {claims, certificate} = tokenOf(tokens[0]);
  must(claims.type.includes('OpenBadgeCredential'), 'What was signed is no badge.');
  const seconds = time => time === undefined ? undefined : Math.floor(Date.parse(time) / 1000);
  const {issuer, credentialSubject: subject, id, validFrom, validUntil} = claims;
  const said = {iss: issuer.id, sub: subject.id ?? id, jti: id, nbf: seconds(validFrom), exp: seconds(validUntil)};
  Object.entries(said).forEach(([name, value]) => must((name === 'exp' && !(name in claims)) || claims[name] === value, `The badge contradicts itself: “${name}”.`));
  return {claims, said, key: fingerprintOf(certificate)};
}

/* The exit status for a command’s words; `say` is told why. */
export function main(words, say = console.log) {
  const options = {key: [], witness: []}, files = [];
  for(let at = 0; at < words.length; at++) {
    const name = words[at].startsWith('--') && words[at].slice(2);
    if(name) {
      options[name] = Array.isArray(options[name]) ? [...options[name], words[++at]] : words[++at];
    } else {
      files.push(words[at]);
    }
  }
  try {
    const wanted = new Set(options.key.map(key => key.toLowerCase().replaceAll(':', '')));
    wanted.forEach(key => must(isFingerprint(key), `${key} is no fingerprint.`));
    const read = name => options[name] ? readFileSync(options[name]) : null;
    const earlier = options.earlier && verify(read('earlier'), {wanted});
    must(!earlier || earlier.state, 'Only a dossier can be the earlier one.');
    const policy = options.policy ? Policy.parse(read('policy').toString()) : options.witness.length ? Policy.ofAll(options.witness) : null;
    const published = options.published ? new Published(read('published')) : null;
    const expected = new Set([...wanted, ...earlier ? [earlier.known[0]] : []]);
    const {known, told, state, isKnown} = verify(readFileSync(files[0]), {wanted: expected, policy, published, statusList: read('status-list')});
    if(earlier && state) {
      goesOn(earlier.state, state);
    }
    told.forEach(line => say(line));
    if(told.isDemonstration) {
      say('This is a demonstration.');
      return 4;
    }
    say(isKnown ? 'Everything in it holds.' : `It is consistent with itself. Its key: ${known[0] ?? 'not looked at'}.`);
    return isKnown ? 0 : 3;
  } catch(error) {
    if(error.code === 'ENOENT' || error.code === 'EACCES') {
      say(`${error.path} can’t be read.`);
      return 2;
    }
    say(`DOES NOT HOLD: ${error instanceof Broken ? error.message : `it is not as Milepost writes it (${error.message})`}`);
    return 1;
  }
}

if(import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = main(process.argv.slice(2));
}
