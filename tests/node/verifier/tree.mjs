/* The tree of facts (section 7), its index (section 11), and the path of one fact (section 15). */
import {must, sha256, unhex} from './strict.mjs';

const node = (left, right) => sha256('\x01', left, right);
const EMPTY = Buffer.alloc(32);
/* Of an erased fact the key itself is told, in base64url after a #: nobody else's name begins so. */
export const keyOf = text => text.startsWith('#') ? Buffer.from(text.slice(1), 'base64url') : sha256(text);
export const nameless = text => '#' + keyOf(text).toString('base64url');

export function rootOf(leaves, size, words) {
  let at = 0;
  must(leaves.every(({index}, n) => Number.isSafeInteger(index) && index >= 0 && index < size && (!n || index > leaves[n - 1].index)), 'Numbers of facts do not rise.');
  function head(start, end, first, last) {
    if(first === last) {
      must(at < words.length, 'journal/proof.json has too few nodes.');
      return unhex(words[at++], 32);
    }
    if(end - start === 1) {
      return leaves[first].leaf;
    }
    let half = 1;
    while(half * 2 < end - start) {
      half *= 2;
    }
    let between = first;
    while(between < last && leaves[between].index < start + half) {
      between++;
    }
    return node(head(start, start + half, first, between), head(start + half, end, between, last));
  }
  const found = size ? head(0, size, 0, leaves.length) : sha256('');
  must(at === words.length, 'journal/proof.json has too many nodes.');
  return found;
}

/* RFC 9162, section 2.1.4.2, of two trees of which the first is smaller. */
export function isConsistent(first, firstHead, second, secondHead, path) {
  if(!Number.isSafeInteger(first) || first < 1 || first >= second) {
    return false;
  }
  const steps = Number.isInteger(Math.log2(first)) ? [firstHead, ...path] : [...path];
  let at = first - 1, last = second - 1;
  while(at % 2) {
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  let old = steps[0], now = steps[0];
  for(const step of steps.slice(1)) {
    if(!last) {
      return false;
    }
    if(at % 2 || at === last) {
      old = node(step, old);
      now = node(step, now);
      while(at % 2 === 0 && at) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else {
      now = node(now, step);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return steps.length > 0 && last === 0 && old.equals(firstHead) && now.equals(secondHead);
}

/* RFC 9162, section 2.1.3.2. */
export function climb(leaf, index, size, path) {
  must(Number.isSafeInteger(index) && index >= 0 && index < size, 'There is no such fact in the tree.');
  let at = index, last = size - 1, found = leaf;
  for(const step of path) {
    must(last > 0, 'The path is too long.');
    if(at % 2 || at === last) {
      found = node(step, found);
      while(at % 2 === 0 && at) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else {
      found = node(found, step);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  must(last === 0, 'The path is too short.');
  return found;
}

const TIERS = {about: ['\x10', '\x11'], whose: ['\x20', '\x21']};
const leafOf = (tier, key, value) => sha256(TIERS[tier][0], key, value);
const branchOf = (key, depth) => depth % 2 ? key[depth >> 1] & 15 : key[depth >> 1] >> 4;

function branches(keys, depth) {
  const parts = Array.from({length: 16}, () => []);
  keys.forEach(key => parts[branchOf(key, depth)].push(key));
  return parts;
}

/* The head of a tree of all these: key in digits to leaf. */
function wholeHead(tier, leaves, keys, depth = 0) {
  if(keys.length < 2) {
    return keys.length ? leaves.get(keys[0].toString('hex')) : EMPTY;
  }
  return sha256(TIERS[tier][1], ...branches(keys, depth).map(part => wholeHead(tier, leaves, part, depth + 1)));
}

/* The head to which some keys lead, with their leaves, or undefined for one without, and the words beside them. */
function partHead(tier, leaves, words) {
  let at = 0;
  const next = () => {
    must(at < words.length, 'journal/completeness.json does not fit together.');
    return words[at++];
  };
  function head(keys, depth) {
    const word = next();
    if(word === 'node') {
      return sha256(TIERS[tier][1], ...branches(keys, depth).map(part => part.length ? head(part, depth + 1) : other(next())));
    }
    const stated = unhex(word, word ? (tier === 'about' ? 64 : 72) : 0);
    const leaf = word ? leafOf(tier, stated.subarray(0, 32), stated.subarray(32)) : EMPTY;
    for(const key of keys) {
      const known = leaves.get(key.toString('hex'));
      const isIt = word && key.equals(stated.subarray(0, 32));
      must(isIt ? known?.equals(leaf) : known === undefined, 'journal/completeness.json does not fit together.');
    }
    return leaf;
  }
  const other = word => word === '' ? EMPTY : unhex(word, 32);
  const found = head([...leaves.keys()].map(key => Buffer.from(key, 'hex')), 0);
  must(at === words.length, 'journal/completeness.json has words too many.');
  return found;
}

/* How many facts about each thing and of each person there are, and which. */
export class Index {
  constructor() {
    this.told = new Map();
    this.chains = new Set(); // every chain that there was: of thing, person and count
    this.proven = new Map(); // of each pair that is proven to be complete, its count and chain
  }

  add(about, uid, leaf) {
    const whose = nameless(uid);
    const people = this.told.get(about) ?? this.told.set(about, new Map()).get(about);
    const {count, chain} = people.get(whose) ?? {count: 0, chain: EMPTY};
    const now = {count: count + 1, chain: sha256('\x30', chain, leaf)};
    people.set(whose, now);
    this.chains.add(nameOf(about, whose, now));
  }

  hold(root, proof, wanted) {
    const things = new Map(proof.things.map(thing => [thing.about, readThing(thing)]));
    must(things.size === proof.things.length, 'journal/completeness.json names a thing twice.');
    const leaves = new Map([...things].map(([about, {head}]) => {
      const key = keyOf(about);
      return [key.toString('hex'), head.equals(EMPTY) ? undefined : leafOf('about', key, head)];
    }));
    must(partHead('about', leaves, proof.nodes).equals(root), 'journal/completeness.json does not lead to the index that was sealed.');
    for(const [about, whose] of wanted) {
      const thing = things.get(about);
      must(thing && (thing.isWhole || (whose && thing.names.has(keyOf(whose).toString('hex')))), `It is not told how many facts there are about ${about}.`);
    }
    for(const [about, thing] of things) {
      const theirs = this.told.get(about) ?? new Map();
      theirs.forEach((told, whose) => (thing.isWhole || thing.names.has(keyOf(whose).toString('hex'))) && this.proven.set(`${about} ${whose}`, [about, whose, told]));
      const here = new Map([...theirs].map(([whose, told]) => [keyOf(whose).toString('hex'), told]));
      for(const key of new Set([...here.keys(), ...thing.people.keys()])) {
        if(!thing.isWhole && !thing.names.has(key)) {
          continue;
        }
        const counted = thing.people.get(key), found = here.get(key);
        must((counted?.count ?? 0) <= (found?.count ?? 0), `A fact about ${about} is missing.`);
        must(counted && found && counted.count === found.count && counted.chain.equals(found.chain), `The facts about ${about} are others than those that the index counts.`);
      }
    }
  }
}

const nameOf = (about, whose, {count, chain}) => `${about} ${whose} ${count} ${chain.toString('hex')}`;

/* What an earlier dossier counted, the later one still has (section 11.1). */
export function goesOn(earlier, later) {
  must(earlier.head.organisation === later.head.organisation, 'The earlier dossier is of another organisation.');
  must(later.head.size >= earlier.head.size, 'The journal had more facts in the earlier dossier.');
  must(later.head.size > earlier.head.size || later.head.root === earlier.head.root, 'There are two journals.');
  for(const [pair, [about, whose, told]] of earlier.index.proven) {
    must(!later.index.proven.has(pair) || later.index.chains.has(nameOf(about, whose, told)), `The facts about ${about} are not those of the earlier dossier, with more after them.`);
  }
}

function readThing(thing) {
  const people = new Map(), leaves = new Map();
  for(const [key, count, chain, ...more] of thing.people) {
    must(!more.length, 'journal/completeness.json does not fit together.');
    must(!people.has(key) && Number.isSafeInteger(count) && count > 0, 'journal/completeness.json names somebody twice.');
    people.set(key, {count, chain: unhex(chain, 32)});
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(BigInt(count));
    leaves.set(key, leafOf('whose', unhex(key, 32), Buffer.concat([number, unhex(chain, 32)])));
  }
  const members = Object.keys(thing).sort().join(), isWhole = members === 'about,people';
  must(isWhole || members === 'about,nodes,people,without', 'journal/completeness.json does not tell of a thing as Milepost does.');
  for(const key of thing.without ?? []) {
    must(!leaves.has(key), 'journal/completeness.json names somebody twice.');
    leaves.set(key, undefined);
  }
  const keys = [...leaves.keys()].map(key => unhex(key, 32));
  const head = isWhole ? wholeHead('whose', leaves, keys) : partHead('whose', leaves, thing.nodes);
  return {people, names: new Set(leaves.keys()), isWhole, head};
}
