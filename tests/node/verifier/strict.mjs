/* JSON that can be read in one way only, its canonical form, and hashes (docs/dossier-format.md, section 3). */
import {createHash} from 'node:crypto';

export class Broken extends Error {}

export function must(holds, words) {
  if(!holds) {
    throw new Broken(words);
  }
}

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
export const sha256hex = (...parts) => sha256(...parts).toString('hex');
export const isFingerprint = text => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

/* Bytes of exactly this many hexadecimal digits. */
export function unhex(text, bytes) {
  must(typeof text === 'string' && /^([0-9a-f]{2})*$/.test(text), 'not in hexadecimal digits');
  must(bytes === undefined || text.length === 2 * bytes, `not ${bytes} bytes`);
  return Buffer.from(text, 'hex');
}

export function unbase64(text) {
  const bytes = Buffer.from(text, 'base64');
  must(bytes.toString('base64') === text, 'not in base 64');
  return bytes;
}

const utf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}); // a mark stays in the text, where JSON has none

export function textOf(bytes) {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Broken('not in UTF-8');
  }
}

export function readJson(content) {
  const text = typeof content === 'string' ? content : textOf(content);
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.space();
  must(reader.at === text.length, 'something stands after the JSON');
  return value;
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if(found) {
      this.at = pattern.lastIndex;
    }
    return found && found[0];
  }

  space() {
    this.take(/[ \t\n\r]*/y);
  }

  value(depth) {
    must(depth < 200, 'JSON is too deep');
    this.space();
    switch(this.text[this.at]) {
      case '{': return this.object(depth);
      case '[': return this.array(depth);
      case '"': return this.string();
    }
    const word = this.take(/true|false|null/y);
    if(word) {
      return {true: true, false: false, null: null}[word];
    }
    const digits = this.take(/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y);
    must(digits, 'this is no JSON');
    const number = Number(digits);
    must(Number.isFinite(number), `${digits} is no number`);
    must(/[.eE]/.test(digits) || Number.isSafeInteger(number), `${digits} is too large`);
    return number;
  }

  string() {
    const quoted = this.take(/"([^"\\\u0000-\u001f]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
    must(quoted, 'this is no JSON');
    const text = JSON.parse(quoted);
    must(text.isWellFormed(), 'a text has half a letter');
    return text;
  }

  object(depth) {
    const value = Object.create(null);
    this.at++;
    this.space();
    if(this.take(/}/y)) {
      return value;
    }
    do {
      this.space();
      const name = this.string();
      must(!(name in value), `“${name}” is said twice in one place of its JSON.`);
      this.space();
      must(this.take(/:/y), 'this is no JSON');
      value[name] = this.value(depth + 1);
      this.space();
    } while(this.take(/,/y));
    must(this.take(/}/y), 'this is no JSON');
    return value;
  }

  array(depth) {
    const value = [];
    this.at++;
    this.space();
    if(this.take(/]/y)) {
      return value;
    }
    do {
      value.push(this.value(depth + 1));
      this.space();
    } while(this.take(/,/y));
    must(this.take(/]/y), 'this is no JSON');
    return value;
  }
}

/* RFC 8785: ECMAScript's own order of names, texts and numbers. */
export function canonical(value) {
  if(Array.isArray(value)) {
    return `[${value.map(canonical).join(',')}]`;
  }
  if(value && typeof value === 'object') {
    return `{${Object.keys(value).sort().map(name => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/* RFC 9562, section 5.5. */
export function uuid5(space, name) {
  const bytes = createHash('sha1').update(Buffer.from(space.replaceAll('-', ''), 'hex')).update(name).digest().subarray(0, 16);
  bytes[6] = bytes[6] & 0x0f | 0x50;
  bytes[8] = bytes[8] & 0x3f | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
