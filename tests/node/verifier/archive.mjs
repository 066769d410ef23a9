/* The zip file (section 2): one strict profile of APPNOTE 6.3.10, so that no two programs see different files. */
import {crc32, inflateRawSync} from 'node:zlib';
import {must, textOf} from './strict.mjs';

const MB = 2 ** 20, GB = 2 ** 30, GAP = 24;

export function readZip(bytes) {
  const end = bytes.length - 22;
  must(end >= 0 && bytes.readUInt32LE(end) === 0x06054b50 && bytes.readUInt16LE(end + 20) === 0,
    'The zip file carries a comment, or something after its end.');
  must(end >= 20, 'The zip file is empty.');
  let count = bytes.readUInt16LE(end + 10), size = bytes.readUInt32LE(end + 12), start = bytes.readUInt32LE(end + 16);
  let after = end;
  if(bytes.readUInt32LE(end - 20) === 0x07064b50) {
    const place = Number(bytes.readBigUInt64LE(end - 12));
    must(place === end - 76 && bytes.readUInt32LE(place) === 0x06064b50, 'The zip file has a ZIP64 record elsewhere.');
    [count, size, start] = [32, 40, 48].map(offset => Number(bytes.readBigUInt64LE(place + offset)));
    after = place;
  }
  must(start + size === after, 'After its files the zip file holds more than its list of files tells.');
  const files = directory(bytes, start, after);
  must(files.length === count, 'The zip file tells two numbers of files.');
  names(files);
  layout(bytes, files, start);
  const whole = files.reduce((sum, file) => sum + file.size, 0);
  must(whole <= 64 * GB && whole <= 512 * MB + 200 * bytes.length, 'The zip file unpacks to too much.');
  return new Map(files.filter(file => !file.name.endsWith('/')).map(file => [file.name, () => unpacked(bytes, file)]));
}

function directory(bytes, start, end) {
  const files = [];
  let at = start;
  while(at < end) {
    must(bytes.readUInt32LE(at) === 0x02014b50, 'The list of files can’t be read.');
    const [length, extra, comment] = [28, 30, 32].map(offset => bytes.readUInt16LE(at + offset));
    const file = {
      needed: bytes[at + 6], flags: bytes.readUInt16LE(at + 8), method: bytes.readUInt16LE(at + 10), crc: bytes.readUInt32LE(at + 16),
      packed: bytes.readUInt32LE(at + 20), size: bytes.readUInt32LE(at + 24), attributes: bytes.readUInt32LE(at + 38),
      place: bytes.readUInt32LE(at + 42), rawName: bytes.subarray(at + 46, at + 46 + length),
      extra: extraFields(bytes.subarray(at + 46 + length, at + 46 + length + extra))
    };
    file.name = textOf(file.rawName);
    const large = file.extra.get(1);
    let part = 0;
    for(const name of ['size', 'packed', 'place']) {
      if(file[name] === 0xffffffff) {
        must(large && large.length >= part + 8, `${file.name} has no size.`);
        file[name] = Number(large.readBigUInt64LE(part));
        part += 8;
      }
    }
    must(file.needed <= 63, `${file.name} needs a newer program.`);
    must(comment === 0 && !file.extra.has(0x7075), `${file.name} carries a comment or a second name.`);
    files.push(file);
    at += 46 + length + extra + comment;
  }
  must(at === end, 'The list of files can’t be read.');
  return files;
}

function extraFields(bytes) {
  const found = new Map();
  for(let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at + 2);
    found.set(bytes.readUInt16LE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

function names(files) {
  const seen = new Set();
  for(const {name, size, attributes} of files) {
    must(!seen.has(name), `${name} is in the zip file twice.`);
    seen.add(name);
    must(!name.startsWith('/') && !name.includes('\\') && !name.split('/').includes('..'), `${name} leads out of the dossier.`);
    must(attributes >>> 28 !== 0o12, `${name} is a link to another file.`);
    must(!name.endsWith('/') || (size === 0 && files.some(other => other.name !== name && other.name.startsWith(name))),
      `${name} is a folder that was added.`);
  }
}

function layout(bytes, files, start) {
  let place = 0;
  for(const file of [...files].sort((a, b) => a.place - b.place)) {
    must(file.place >= place && file.place - place <= (place ? GAP : 0), `Before ${file.name} the zip file holds more than its list tells.`);
    const at = file.place;
    must(bytes.readUInt32LE(at) === 0x04034b50, `${file.name} is not where the list says.`);
    const [flags, method, length, extra] = [6, 8, 26, 28].map(offset => bytes.readUInt16LE(at + offset));
    const [crc, ...sizes] = [14, 18, 22].map(offset => bytes.readUInt32LE(at + offset));
    const fields = extraFields(bytes.subarray(at + 30 + length, at + 30 + length + extra)), large = fields.get(1);
    const [packed, size] = sizes.map((told, n) => !sizes.includes(0xffffffff) || (told !== 0xffffffff && large?.length === 16) ? told
      : large?.length === 16 ? Number(large.readBigUInt64LE(n ? 0 : 8)) : -1);
    let same = (flags & ~8) === (file.flags & ~8) && method === file.method && file.rawName.equals(bytes.subarray(at + 30, at + 30 + length));
    if(!(flags & 8)) {
      same &&= crc === file.crc && file.packed === packed && file.size === size;
    }
    must(same, `The zip file tells of ${file.name} in two ways.`);
    must([0, 8].includes(method) && !(flags & 1), `${file.name} is packed in another way.`);
    must(!fields.has(0x7075), `${file.name} carries a second name.`);
    file.begin = at + 30 + length + extra;
    place = file.begin + file.packed;
  }
  must(start >= place && start - place <= GAP, 'After its files the zip file holds more than its list of files tells.');
}

function unpacked(bytes, file) {
  const packed = bytes.subarray(file.begin, file.begin + file.packed);
  const content = file.method ? inflateRawSync(packed, {maxOutputLength: file.size + 1}) : packed;
  must(content.length === file.size && crc32(content) === file.crc, `${file.name} can’t be unpacked.`);
  return content;
}
