/* The facts (section 6), what they are about (11), and which were erased (12). */
import {canonical, must, readJson, sha256, textOf, unhex, uuid5} from './strict.mjs';
import {Index, nameless} from './tree.mjs';

const FILED = {
  activity: 'course', module: 'course', certificate: 'course', slot: 'session', sheet: 'session', trainer: 'session', piece: 'action', trainee: 'action',
  'connection-record': 'action'
};

export function aboutsOf({object, context = {}}) {
  const key = 'audit' in context ? 'action' : FILED[object.type];
  const about = key ? context[key] : object.id;
  return [...new Set([about, context.action ?? about])];
}

/* Whether a statement or a head says that it is of a demonstration (section 17). */
export function ofDemonstration(told) {
  must(told.demonstration === undefined || told.demonstration === true, 'Whether it is of a demonstration is said otherwise than by true.');
  return told.demonstration === true;
}

/* Facts in the order of the journal, and the head above them, agree about that. */
export function holdDemonstration(marks, head) {
  const first = marks.indexOf(true);
  must(first < 0 || marks.slice(first).every(Boolean), 'A fact lacks the mark of a demonstration that those before it have.');
  must(first < 0 || ofDemonstration(head), 'The facts are of a demonstration, and the seal does not say so.');
  return ofDemonstration(head);
}

export const identityOf = organisation => uuid5(organisation, 'identity');

export const whoseOf = ({actor, context = {}}) => context.holder || actor.id;

export class Facts {
  constructor(content) {
    this.leaves = [];
    this.all = [];
    this.index = new Index();
    this.erased = [];
    this.wordless = new Set(); // about what of whom facts were erased
    this.marks = new Set();
    this.demonstration = [];
    const text = textOf(content);
    must(text.endsWith('\n') || text === '', 'journal/entries.jsonl does not end with its last line.');
    text.split('\n').slice(0, -1).forEach(line => this.read(readJson(line)));
    this.holdErased();
  }

  read(line) {
    if(line.erased) {
      const leaf = unhex(line.leaf, 32);
      line.about.forEach(about => this.index.add(about, line.whose, leaf));
      this.erased.push({index: line.index, leaf: line.leaf});
      line.about.forEach(about => this.wordless.add(`${nameless(about)} ${nameless(line.whose)}`));
      this.leaves.push({index: line.index, leaf});
      return;
    }
    const statement = readJson(line.statement);
    must(canonical(statement) === line.statement, 'A fact is not in canonical form.');
    const leaf = sha256('\x00', unhex(line.salt, 16), line.statement);
    aboutsOf(statement).forEach(about => this.index.add(about, whoseOf(statement), leaf));
    (line.statement.match(/"[0-9a-f]{64}"/g) ?? []).forEach(mark => this.marks.add(mark.slice(1, -1)));
    this.demonstration.push(ofDemonstration(statement));
    this.leaves.push({index: line.index, leaf});
    this.all.push({...statement, type: `${statement.object.type}.${statement.verb}`, result: statement.result ?? {}, context: statement.context ?? {}});
  }

  holdErased() {
    const erasures = this.all.filter(fact => fact.verb === 'erased').map(({result}) => result);
    const ranges = erasures.flatMap(({places}) => places.split(',').filter(Boolean).map(part => part.split('-').map(Number)));
    const leaves = new Set(erasures.flatMap(result => result.leaves ?? []));
    for(const {index, leaf} of this.erased) {
      must(leaves.has(leaf) || ranges.some(([first, last = first]) => first <= index && index <= last),
        `Number ${index} is said to be erased, and no erasure in the dossier names it.`);
    }
  }

  /* Who the organisation is, as the newest fact says (section 4). */
  holdIdentity(organisation) {
    const about = identityOf(organisation.id), newest = this.all.filter(({object}) => object.type === 'identity' && object.id === about).at(-1)?.result;
    must(newest, 'No fact in the journal says who the organisation is.');
    must(canonical({...newest, id: organisation.id}) === canonical(organisation), 'The manifest tells of another organisation than the newest fact of it.');
  }

  /* What the action consists of, as its facts tell it: of all that, each fact must be there. */
  wanted(action, person) {
    const people = new Set(), documents = new Set();
    let course, sessions = [];
    for(const fact of this.all) {
      const {object, result, type, actor} = fact;
      if(object.type === 'action' && object.id === action) {
        const told = {...result, ...result.changes};
        course = 'course' in told ? told.course?.id : course;
        sessions = told.sessions ?? sessions;
        if(type === 'action.registered') {
          people.add(actor.id);
        }
      }
      if(object.type === 'document' && aboutsOf(fact)[1] === action) {
        documents.add(object.id);
      }
    }
    const things = [action, ...sessions, ...documents];
    return person
      ? [...things, ...course ? [course] : []].map(thing => [thing, person])
      : [...things.map(thing => [thing, null]), ...course ? [...people].map(one => [course, one]) : []];
  }
}
