/* Seals in PDFs, and what pieces must be there (section 14). What was added to a PDF after a seal is not looked into. */
import {inflateSync} from 'node:zlib';
import {broken, der, signedData} from './der.mjs';
import {fingerprintOf} from './signatures.mjs';
import {Broken, canonical, must, readJson, sha256hex} from './strict.mjs';

/* The seals and stamps, in their order. Of each the key, and whether anything was added after it. */
export function sealsIn(bytes) {
  const text = bytes.toString('latin1'), found = [];
  for(const [range, ...numbers] of text.matchAll(/\/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]/g)) {
    const [start, length, next, rest] = numbers.map(Number);
    const end = next + rest;
    must(start === 0 && length < next && end <= bytes.length && text[length] === '<' && text[next - 1] === '>', `A seal covers other bytes than it may (${range}).`);
    const contents = Buffer.from(text.slice(length + 1, next - 1), 'hex');
    const size = der(contents).whole.length;
    must(contents.subarray(size).every(byte => byte === 0), 'Something stands behind a signature.');
    const dictionary = text.lastIndexOf(' obj', length);
    const around = text.slice(dictionary, length) + text.slice(next, text.indexOf('endobj', next));
    const isStamp = /ETSI\.RFC3161/.test(around);
    const parts = isStamp ? undefined : [bytes.subarray(0, length), bytes.subarray(next, end)];
    const {certificate} = broken('The PDF was changed after it was sealed', () => signedData(contents.subarray(0, size), parts));
    const [, ...said] = /\/M\s*\(D(?::|\\072)(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(around) ?? [];
    const time = said.length ? '%-%-%T%:%:%Z'.replace(/%/g, () => said.shift()) : '9999-12-31T00:00:00Z';
    found.push({time, key: fingerprintOf(certificate), name: /CN=(.*)/.exec(certificate.subject)?.[1].toLowerCase(), isStamp, end});
  }
  must(found.length && found.at(-1).end === bytes.length, 'The PDF carries no seal that covers all of it.');
  return found;
}

export function checkPdf(bytes, wanted) {
  const seals = sealsIn(bytes).filter(seal => !seal.isStamp);
  must(seals.length, 'The PDF carries no seal.');
  seals.forEach(seal => must(seal.key === seals[0].key || wanted.has(seal.key) || seal.name !== seals[0].name,
    'The PDF was changed after sealing, by a key that is not the issuer’s.'));
  return {known: [seals.at(-1).key], first: seals[0].key, signings: seals.map(({key, time}) => ({key, time})), told: []};
}

/* The one file that such a paper carries, as JSON. */
export function attached(bytes) {
  const text = bytes.toString('latin1');
  for(const found of text.matchAll(/\/Type\s*\/EmbeddedFile/g)) {
    const start = text.indexOf('stream', found.index), begin = start + (text[start + 6] === '\r' ? 8 : 7);
    const content = bytes.subarray(begin, text.indexOf('endstream', begin));
    const isPacked = /\/FlateDecode/.test(text.slice(text.lastIndexOf(' obj', found.index), start));
    return readJson(isPacked ? inflateSync(content) : content);
  }
  throw new Broken('The paper carries no file.');
}

export class Pieces {
  constructor(files, manifest, facts, keys) {
    Object.assign(this, {files, manifest, facts, keys});
  }

  /* `provesItself` says which files no fact has to name; `records` are those of a dossier, which know what papers carry. */
  check(provesItself = () => false, records = null) {
    const there = new Map(Object.entries(this.manifest.files).map(([name, told]) => [told.sha256, name]));
    const sealing = this.facts.all.filter(fact => ['sealed', 'completed'].includes(fact.verb) && fact.result.sha256);
    const replaced = new Map(this.facts.all.filter(fact => fact.verb === 'sealed' && fact.result.document_sha256).map(({result}) => [result.document_sha256, result.sha256]));
    const asked = new Set(this.facts.all.filter(fact => fact.type === 'document.requested').map(fact => fact.object.id));
    for(const {verb, object, result} of sealing) {
      must(there.has(result.sha256) || replaced.has(result.sha256) || (verb === 'sealed' && asked.has(object.id)), `A piece is missing: “${object.name}”.`);
    }
    replaced.forEach((_now, before) => this.isBeginning(before, replaced, there));
    const sealed = new Set(sealing.map(({result}) => result.sha256));
    for(const [name, {sha256}] of Object.entries(this.manifest.files)) {
      must(!name.startsWith('pieces/') || this.facts.marks.has(sha256) || provesItself(name), `${name} is a piece of which the journal knows nothing.`);
      const given = /^pieces\/certificates\/([0-9a-f-]{36})\.pdf$/.exec(name);
      must(!given || this.facts.all.some(({object, result}) => object.id === given[1] && result.sha256 === sha256), `${name} is the file of another certificate.`);
      if(name === 'cover.pdf' || /^pieces\/(sheets|certificates|connections)\//.test(name) || sealed.has(sha256)) {
        this.checkSeals(name);
      }
      const [, drawnUp] = /^pieces\/connections\/(.*)\.pdf$/.exec(name) ?? [];
      if(drawnUp) {
        must(this.facts.all.some(({object, result}) => object.id === drawnUp && result.sha256 === sha256), `${name} is the file of another connection record.`);
        records.holdConnections(drawnUp, attached(this.files.get(name)()));
      }
    }
  }

  isBeginning(before, replaced, there) {
    let last = before;
    for(const seen = new Set(); replaced.has(last) && !there.has(last) && !seen.has(last);) {
      seen.add(last);
      last = replaced.get(last);
    }
    const content = there.has(last) && last !== before && this.files.get(there.get(last))();
    const ends = content ? [...content.toString('latin1').matchAll(/%%EOF(\r\n|\r|\n)?/g)].flatMap(end => [5, 6, 7].map(length => end.index + length)) : [];
    must(!content || ends.some(end => sha256hex(content.subarray(0, end)) === before), `${there.get(last)} does not begin with what it is said to have been.`);
  }

  checkSeals(name) {
    const seals = sealsIn(this.files.get(name)());
    const ours = seals.findIndex(seal => this.keys.known.has(seal.key));
    must(ours >= 0, `${name} is sealed with a key that is not the organisation’s.`);
    seals.slice(ours).forEach(seal => must(seal.isStamp || this.keys.known.has(seal.key), `${name} was changed after sealing, by a key that is not the issuer’s.`));
  }

  checkCover() {
    const action = readJson(this.files.get('records/action.json')());
    const names = ['reference', 'title', 'client', 'funder', 'funding_reference', 'starts_on', 'ends_on', 'minutes'];
    const pieces = {};
    Object.keys(this.manifest.files).filter(name => name.startsWith('pieces/')).forEach(name => {
      const folder = name.split('/')[1];
      pieces[folder] = (pieces[folder] ?? 0) + 1;
    });
    const told = {
      ...Object.fromEntries(names.map(name => [name, action[name]])), organisation: this.manifest.organisation, person: this.manifest.person?.name ?? '', people: action.people.length,
      facts: this.manifest.entries, pieces
    };
    const said = attached(this.files.get('cover.pdf')());
    must(canonical(said) === canonical(told), 'The cover says something else than the dossier.');
  }
}
