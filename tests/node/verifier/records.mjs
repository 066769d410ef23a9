/* Every record is made anew from the facts, and must say the same (section 13). */
import {canonical, must, readJson, sha256hex, textOf} from './strict.mjs';
import {nameless} from './tree.mjs';

const COLUMNS = {
  'attendance.csv': 'name employer session hours state signed_at way arrived_at left_at told_later minutes absence_reason',
  'completions.csv': 'person name round registered_at launched_at completed_at score',
  'progress.csv': 'person name round activity title version began_at done_at score caveat',
  'certificates.csv': 'certificate person name issued_at title begun completed minutes_at_a_distance minutes_live score valid_until ended_at why'
};
const MEMBERS = ('person name employer slot session hours state signed_at way signature address agent location device_time arrived_at left_at '
  + 'told_later minutes absence_reason earlier doubts decided_at decided_by decision_reason').split(' ');
const SAME_MOMENT = 5000;
const SITTING = 3_600_000; // between two steps of one sitting at most
const text = value => value === undefined || value === null ? '' : String(value);
const harmless = cell => /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
const isSame = (a, b) => canonical(a ?? null) === canonical(b ?? null);
const isEmpty = value => value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length);
const isMoment = (a, b) => Math.abs(Date.parse(a) - Date.parse(b)) < SAME_MOMENT;

/* RFC 4180, in UTF-8 with a byte order mark. */
export function readCsv(content) {
  const all = textOf(content);
  must(all.startsWith('\ufeff'), 'A table has no byte order mark.');
  const rows = [], cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|$)/y;
  cell.lastIndex = 1;
  let row = [];
  while(cell.lastIndex < all.length) {
    const found = cell.exec(all);
    must(found, 'A table can’t be read.');
    row.push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
    if(found[3] !== ',') {
      rows.push(row);
      row = [];
    }
  }
  must(!row.length, 'A table ends within a row.');
  return rows;
}

export class Records {
  constructor(files, manifest, facts) {
    Object.assign(this, {files, manifest, facts});
    this.action = manifest.action.id;
    this.only = manifest.person?.id;
    this.names = new Map();
    this.people = new Set();
    this.sessions = new Map();
    this.slots = new Map(); // to their session
    this.closed = new Set();
    this.attendance = new Map();
    this.signatures = new Map();
    this.learners = new Map();
    this.certificates = new Map();
    this.published = new Map(); // what each version states, by activity and content
    this.live = new Set();
    this.drawnUp = new Map(); // connection records
    this.used = new Set();
    facts.all.forEach(fact => this.hear(fact));
  }

  check() {
    must(this.told, 'Of the action the facts know nothing.');
    const owed = ['action.json'];
    const sessions = this.told.sessions.map(uid => this.sessions.get(uid)).filter(session => session && (!this.only || session.seats.has(this.only)));
    if(sessions.length) {
      owed.push('sessions.json', 'attendance.json', 'attendance.csv');
    }
    if(this.told.course) {
      owed.push('completions.csv', 'progress.csv', 'certificates.csv');
    }
    const known = ['action.json', 'sessions.json', 'attendance.json', ...Object.keys(COLUMNS)];
    const there = [...this.files.keys()].filter(name => name.startsWith('records/')).map(name => name.slice(8));
    there.forEach(name => must(known.includes(name), `records/${name} is a record of which the facts know nothing.`));
    owed.forEach(name => must(there.includes(name), `records/${name} is missing.`));
    this.checkAction();
    if(there.includes('sessions.json')) {
      this.checkSessions(sessions);
    }
    if(there.includes('attendance.json')) {
      this.checkAttendance();
    }
    if(this.told.course) {
      this.checkCourse(this.told.course.id);
    }
  }

  json(name) {
    return readJson(this.files.get(`records/${name}`)());
  }

  // --- What the facts say ---

  hear(fact) {
    const {type, actor, object, result, context, time} = fact;
    if(actor.type === 'member') {
      this.names.set(actor.id, actor.name);
    }
    const course = object.type === 'course' ? object.id : context.course;
    switch(type) {
      case 'action.created':
        if(object.id === this.action) {
          const empty = Object.fromEntries(['client', 'funder', 'funding_reference', 'objectives', 'price'].map(name => [name, '']));
          this.told = {...empty, course: null, sessions: [], ...result, profile: context.profile};
        }
        break;
      case 'action.updated':
        if(object.id === this.action) {
          Object.assign(this.told, result.changes);
        }
        break;
      case 'action.registered':
        if(object.id === this.action) {
          this.people.add(actor.id);
        }
        break;
      case 'session.scheduled':
        this.sessions.set(object.id, {
          id: object.id, reference: context.reference, form: '', where: '', time_zone: 'UTC', slots: [], trainers: new Map(), seats: new Map(), expected: new Set()
        });
        this.plan(this.sessions.get(object.id), object.name, result);
        break;
      case 'session.updated':
        this.plan(this.sessions.get(object.id), object.name, result.changes);
        break;
      case 'session.registered':
        if(result.status === 'seated') {
          const session = this.sessions.get(object.id);
          session.seats.set(actor.id, context.employer ?? '');
          session.slots.filter(slot => !this.closed.has(slot.id)).forEach(slot => session.expected.add(`${slot.id} ${actor.id}`));
        }
        break;
      case 'session.withdrew': {
        const session = this.sessions.get(object.id);
        session.seats.delete(actor.id);
        session.slots.forEach(slot => session.expected.delete(`${slot.id} ${actor.id}`));
        break;
      }
      case 'trainer.granted':
        this.sessions.get(context.session)?.trainers.set(object.id, object.name);
        break;
      case 'trainer.revoked':
        this.sessions.get(context.session)?.trainers.delete(object.id);
        break;
      case 'slot.closed':
        this.closed.add(object.id);
        break;
      case 'certificate.issued':
        this.certificates.set(object.id, fact);
        if(context.replaces) {
          this.end(context.replaces, time, `replaced by ${object.id}`);
        }
        break;
      case 'certificate.revoked':
        this.end(object.id, time, result.reason);
        break;
      case 'connection-record.created':
        this.hearConnections(fact);
        break;
      default:
        if(object.type === 'slot') {
          this.hearAttendance(fact, `${object.id} ${actor.id}`);
        } else if(object.type === 'course') {
          this.hearCourse(fact);
        } else if(object.type === 'activity') {
          this.hearActivity(fact, this.learner(course, actor.id, roundOf(context)));
        }
    }
  }

  plan(session, title, told) {
    const before = session.slots;
    session.title = title;
    for(const name of ['form', 'where', 'time_zone', 'slots']) {
      session[name] = told[name] ?? session[name];
    }
    const gone = before.filter(slot => !session.slots.some(({id}) => id === slot.id));
    gone.forEach(slot => session.seats.forEach((_employer, person) => session.expected.delete(`${slot.id} ${person}`)));
    for(const slot of session.slots) {
      this.slots.set(slot.id, {session, slot});
      if(!before.some(({id}) => id === slot.id)) {
        session.seats.forEach((_employer, person) => session.expected.add(`${slot.id} ${person}`));
      }
    }
  }

  end(uid, time, why) {
    this.ended = (this.ended ?? new Map()).set(uid, {ended_at: time, why});
  }

  hearAttendance({verb, result, context, time, recorded}, key) {
    const later = toldLater({time, recorded, context});
    const before = this.attendance.get(key) ?? {state: 'missing'};
    const {decided_by: _by, decided_at: _at, decision_reason: _why, ...undecided} = before;
    switch(verb) {
      case 'signed':
      case 'delivered': {
        const told = {signed_at: time, way: result.way, doubts: context.doubts ?? [], device_time: context.device_time};
        const all = this.signatures.get(key) ?? this.signatures.set(key, new Map()).get(key);
        const circumstances = all.get(result.signature_sha256)?.circumstances ?? new Set();
        const kept_because = verb === 'delivered' ? 'delivered after the closing' : 'put aside by a correction';
        all.set(result.signature_sha256, {...told, kept_because, circumstances: circumstances.add(context.circumstances_sha256)});
        if(verb === 'signed') {
          const {arrived_at, left_at} = before, noted_later = (arrived_at || left_at) && before.noted_later;
          this.attendance.set(key, {state: 'signed', ...told, signed_later: later, arrived_at, left_at, noted_later});
        }
        break;
      }
      case 'marked':
      case 'corrected': {
        const {signature_sha256: mark, absence_file: _file, ...now} = result.now;
        const was = ['signed', 'struck'].includes(before.state) ? {...before, arrived_at: undefined, left_at: undefined, absence_reason: undefined}
          : {signed_at: this.signatures.get(key)?.get(mark)?.signed_at, way: this.signatures.get(key)?.get(mark)?.way};
        const noted_later = later ?? ((now.arrived_at || now.left_at) && before.noted_later);
        this.attendance.set(key, {...['signed', 'struck'].includes(now.state) ? {...was, ...now} : now, noted_later});
        break;
      }
      case 'doubted': {
        const known = new Map((before.doubts ?? []).map(doubt => [doubt.code, doubt.others ?? 0]));
        const isFurther = result.doubts.some(doubt => (doubt.others ?? 0) > (known.get(doubt.code) ?? -1));
        this.attendance.set(key, {...isFurther && before.state === 'signed' ? undecided : before, doubts: result.doubts});
        break;
      }
      case 'decided': {
        const decided = {decided_by: (context.instructor?.name ?? '').slice(0, 200), decided_at: time, decision_reason: result.reason ?? ''};
        this.attendance.set(key, result.decision === 'undecided' ? {...undecided, state: 'signed'}
          : {...undecided, state: result.decision === 'not-there' ? 'struck' : 'signed', ...decided});
      }
    }
  }

  /* What somebody did in a round of a course; facts of the first round do not name it. */
  learner(course, person, round) {
    const rounds = this.rounds(course, person);
    return rounds.get(round) ?? rounds.set(round, {steps: new Map(), sittings: []}).get(round);
  }

  rounds(course, person) {
    const key = `${course} ${person}`;
    return this.learners.get(key) ?? this.learners.set(key, new Map()).get(key);
  }

  hearCourse({verb, object, actor, result, context, time}) {
    if(verb === 'published') {
      const stated = (result.activities ?? []).map(({key, digest, is_live, minutes: n}) => [`${key} ${digest}`, is_live ? 0 : n]);
      this.published.set(`${object.id} ${result.version}`, new Map(stated));
      (result.activities ?? []).filter(one => one.is_live).forEach(one => this.live.add(`${object.id} ${one.key}`));
      for(const [key, rounds] of this.learners) {
        const learner = rounds.get(Math.max(...rounds.keys()));
        if(key.startsWith(`${object.id} `) && learner && !learner.completed_at) {
          (result.asked_again ?? []).forEach(step => Object.assign(learner.steps.get(step) ?? {}, {done_at: '', caveat: '', score: ''}));
        }
      }
      return;
    }
    if(verb === 'withdrew') {
      this.rounds(object.id, actor.id).delete(roundOf(context));
      return;
    }
    const told = {
      registered: {registered_at: time}, launched: {launched_at: time}, completed: {completed_at: time, score: text(result.score)}, reopened: {completed_at: ''}
    };
    Object.assign(this.learner(object.id, actor.id, roundOf(context)), told[verb]);
  }

  hearActivity({verb, object, result, context, time, recorded}, learner) {
    this.used.add(`${context.course} ${context.version}`);
    const step = learner.steps.get(object.id) ?? learner.steps.set(object.id, {}).get(object.id);
    step.title = object.name;
    step.version = text(context.version);
    if(['initialized', 'progressed', 'passed', 'failed'].includes(verb) && !this.live.has(`${context.course} ${object.id}`)) {
      sit(learner.sittings, {verb, key: object.id, time, score: result.score, caveat: text(context.caveat), later: toldLater({time, recorded, context})});
    }
    switch(verb) {
      case 'initialized': step.began_at = time; break;
      case 'progressed': step.done_at = time; step.caveat = text(context.caveat); step.digest = object.version; break;
      case 'reopened': step.done_at = step.caveat = ''; break;
      case 'passed':
      case 'failed': step.score = step.score && Number(step.score) >= result.score ? step.score : text(result.score);
    }
  }

  /* A connection record tells of the sittings that the facts before it come to (section 14.1). */
  hearConnections(fact) {
    const {actor, object, context, result} = fact;
    this.drawnUp.set(object.id, fact);
    if(this.facts.wordless.has(`${nameless(context.course)} ${nameless(actor.id)}`)) {
      return;
    }
    const sittings = this.sittings(context.course, actor.id, context.version, roundOf(context));
    const isIt = sha256hex(canonical(sittings)) === result.content_sha256 && sittings.length === result.sittings;
    must(isIt, `The connection record of ${actor.name} tells of other sittings than the facts before it.`);
    must(sittings.reduce((sum, sitting) => sum + sitting.minutes, 0) === result.minutes, `The connection record of ${actor.name} states other minutes.`);
  }

  sittings(course, person, version, round) {
    must(this.published.has(`${course} ${version}`), `The publication of version ${version} is missing, of which a connection record tells.`);
    const {steps, sittings} = this.learner(course, person, round);
    const stated = key => {
      for(let number = version; number > 0; number--) {
        const known = this.published.get(`${course} ${number}`)?.get(`${key} ${steps.get(key).digest}`);
        if(known !== undefined) {
          return known;
        }
      }
      return 0;
    };
    const last = new Map(sittings.flatMap(({done}) => done).map(one => [one.key, one]));
    const title = key => steps.get(key).title;
    return sittings.map(sitting => {
      const done = sitting.done.map(one => ({title: title(one.key), minutes: last.get(one.key) === one && steps.get(one.key).done_at ? stated(one.key) : 0, caveat: one.caveat}));
      return {
        from: sitting.from, to: sitting.to, opened: sitting.opened.map(title), done,
        assessed: sitting.assessed.map(({key, verb, score}) => ({title: title(key), passed: verb === 'passed', score})),
        minutes: done.reduce((sum, one) => sum + one.minutes, 0), told_later: sitting.told_later
      };
    });
  }

  /* What the paper of a connection record carries is what its facts say. */
  holdConnections(uid, told) {
    const fact = this.drawnUp.get(uid);
    must(fact, `Of the connection record ${uid} no fact tells.`);
    const {actor, object, context, result} = fact, {sittings, ...said} = told;
    must(sha256hex(canonical(sittings)) === result.content_sha256, `The connection record of ${actor.name} carries other sittings than its fact tells of.`);
    const {minutes: n, minutes_live} = result, {action, course, version, round} = context;
    const known = {
      ...round ? {round} : {},
      format: 'milepost-connection-record/1', id: uid, title: object.name, person: {id: actor.id, name: actor.name}, action, course, version, minutes: n, minutes_live
    };
    must(isSame(said, known), `The connection record of ${actor.name} carries something else than its fact tells of.`);
  }

  // --- What the records say ---

  checkAction() {
    const said = this.json('action.json');
    const {reference, title} = this.manifest.action;
    must(said.reference === reference && said.title === title, 'manifest.json and records/action.json name the action in two ways.');
    const people = [...this.people].filter(person => !this.only || person === this.only).sort();
    must(isSame(said.people.map(person => person.id).sort(), people), 'The people in records/action.json are not those of the journal.');
    said.people.forEach(person => must(isSame(person, {id: person.id, name: this.names.get(person.id)}), `${person.name} has another name in the journal.`));
    for(const name of new Set([...Object.keys(said), ...Object.keys(this.told)])) {
      must(name === 'people' || (name in said && name in this.told && isSame(said[name], this.told[name])), `“${name}” in records/action.json is not what the journal says.`);
    }
  }

  checkSessions(owed) {
    const rows = this.json('sessions.json');
    must(isSame(rows.map(row => row.id).sort(), owed.map(session => session.id).sort()), 'records/sessions.json has other sessions than the action.');
    for(const row of rows) {
      const {id, reference, title, form, where, time_zone, slots, trainers} = this.sessions.get(row.id);
      must(isSame(row, {id, reference, title, form, where, time_zone, slots, trainers: [...trainers.values()]}), `Session ${reference} is not what the journal says.`);
    }
  }

  hours({time_zone: timeZone}, slot) {
    const parts = {year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23'};
    const format = new Intl.DateTimeFormat('sv-SE', {...parts, timeZone});
    return `${format.format(new Date(slot.starts_at))}–${format.format(new Date(slot.ends_at)).slice(11)}`;
  }

  checkAttendance() {
    const rows = this.json('attendance.json'), seen = new Set();
    for(const row of rows) {
      const key = `${row.slot} ${row.person}`, whose = `${row.name} for ${row.hours}`;
      must(!seen.has(key), `${whose} stands twice in records/attendance.json.`);
      seen.add(key);
      const {session, slot} = this.slots.get(row.slot) ?? {};
      must(session?.expected.has(key), `${whose} stands in records/attendance.json, and had no seat there.`);
      must(Object.keys(row).sort().join() === [...MEMBERS].sort().join(), 'A row of records/attendance.json has other members than Milepost gives it.');
      const told = this.attendance.get(key) ?? {state: 'missing'};
      const planned = {
        name: this.names.get(row.person), employer: session.seats.get(row.person), session: session.reference, hours: this.hours(session, slot),
        minutes: minutes(slot, told), state: told.state
      };
      for(const [name, value] of Object.entries(planned)) {
        must(isSame(row[name], value), `“${name}” of ${whose} is not what the journal says (${row[name]}, told: ${value}).`);
      }
      for(const name of ['way', 'device_time', 'arrived_at', 'left_at', 'absence_reason', 'doubts', 'decided_by', 'decision_reason']) {
        must(isEmpty(row[name]) ? isEmpty(told[name]) : isSame(row[name], told[name]), `“${name}” of ${whose} is not what the journal says.`);
      }
      const [toldLaterAt] = [told.signed_later, told.noted_later].filter(Boolean).sort().reverse();
      must(isSame(row.told_later, toldLaterAt ?? null), `What was told later of ${whose} is not what the journal says.`);
      must(row.decided_at ? isMoment(row.decided_at, told.decided_at) : !told.decided_at, `When it was decided about ${whose} is another.`);
      this.checkSignatures(row, told, this.signatures.get(key) ?? new Map(), whose);
    }
    for(const session of this.sessions.values()) {
      session.expected.forEach(key => must(seen.has(key), `An attendance is left out of records/attendance.json (${key}).`));
    }
    this.attendance.forEach(({state}, key) => must(state === 'missing' || seen.has(key), `An attendance is left out (${key}).`));
    const table = this.table('attendance.csv');
    must(table.length === rows.length, 'records/attendance.csv has not as many rows as the JSON beside it.');
    table.forEach((line, at) => Object.entries(line).forEach(([column, cell]) =>
      must(cell === harmless(text(rows[at][column])), `Row ${at + 1} of records/attendance.csv says “${cell}” where the JSON beside it does not.`)));
  }

  checkSignatures(row, told, known, whose) {
    const isSigned = ['signed', 'struck'].includes(told.state);
    must(isEmpty(row.signature) !== isSigned, `The signature of ${whose} is there, or missing, against what the journal says.`);
    const all = row.earlier.map(one => ({...one, isEarlier: true}));
    if(isSigned) {
      const {signature, signed_at, address, agent, location} = row;
      all.push({signature, signed_at, circumstances: {address, agent, location}});
      must(isMoment(signed_at, told.signed_at), `When ${whose} signed was changed.`);
    }
    const marks = all.map(({signature}) => sha256hex(canonical(signature)));
    must(new Set(marks).size === marks.length && marks.length === known.size, `A signature of ${whose} is left out, or stands there twice.`);
    all.forEach((one, at) => {
      const fact = known.get(marks[at]);
      must(fact, `The signature of ${whose} is not the one that the journal speaks of.`);
      must(fact.circumstances.has(sha256hex(canonical(one.circumstances))), `From where ${whose} signed was changed.`);
      if(one.isEarlier) {
        must(one.way === fact.way && one.kept_because === fact.kept_because && isMoment(one.signed_at, fact.signed_at), `An earlier signature of ${whose} is another.`);
      }
    });
  }

  table(name) {
    const [columns, ...rows] = readCsv(this.files.get(`records/${name}`)());
    must([COLUMNS[name], COLUMNS[name].replace(' round ', ' ')].includes(columns?.join(' ')), `records/${name} has other columns than Milepost gives it.`);
    return rows.map(row => {
      must(row.length === columns.length, `records/${name} has a row of another length.`);
      return Object.fromEntries(columns.map((column, at) => [column, row[at]]));
    });
  }

  checkCourse(course) {
    this.used.forEach(version => must(!version.startsWith(course) || this.published.has(version), `The publication of ${version} is missing.`));
    const people = [...this.people].filter(person => !this.only || person === this.only);
    const named = person => ({person, name: this.names.get(person)});
    const all = people.flatMap(person => {
      const rounds = [...this.rounds(course, person)];
      return (rounds.length ? rounds : [[1, {steps: new Map()}]]).map(([round, learner]) => ({...named(person), round, ...learner}));
    });
    this.hold('completions.csv', all, ['person', 'round']);
    const steps = all.flatMap(({person, name, round, steps}) => [...steps].map(([activity, step]) => ({person, name, round, activity, ...step})));
    this.hold('progress.csv', steps, ['person', 'round', 'activity']);
    const given = [...this.certificates.values()].filter(fact => fact.context.course === course && people.includes(fact.actor.id));
    const rows = given.map(fact => ({
      certificate: fact.object.id, ...named(fact.actor.id), issued_at: fact.time, ...fact.result, ...this.ended?.get(fact.object.id)
    }));
    this.hold('certificates.csv', rows, ['certificate']);
    const standing = given.filter(fact => !this.ended?.has(fact.object.id)).map(({actor, context}) => `${actor.id} ${roundOf(context)}`);
    must(new Set(standing).size === standing.length, 'Somebody has two certificates for one round, and both stand.');
  }

  hold(name, wanted, keys) {
    const keyOf = row => keys.map(key => row[key] ?? (key === 'round' ? 1 : '')).join(' ');
    const rows = new Map(wanted.map(row => [keyOf(row), row]));
    for(const line of this.table(name)) {
      const row = rows.get(keyOf(line));
      must(row, `records/${name} has a row of which the journal does not tell, or has it twice.`);
      rows.delete(keyOf(line));
      Object.entries(line).forEach(([column, cell]) =>
        must(cell === harmless(text(row[column])), `records/${name} says “${cell}” for “${column}”, and the journal “${text(row[column])}”.`));
    }
    must(!rows.size, `A row is left out of records/${name}.`);
  }
}

/* A step belongs to the last sitting, or begins the next. */
function sit(sittings, {verb, key, time, score, caveat, later = ''}) {
  const at = Date.parse(time), before = sittings.at(-1);
  if(!before || at < Date.parse(before.from) || at - Date.parse(before.to) > SITTING) {
    sittings.push({from: time, to: time, opened: [], done: [], assessed: [], told_later: ''});
  }
  const sitting = sittings.at(-1);
  sitting.to = time > sitting.to ? time : sitting.to;
  sitting.told_later = later > sitting.told_later ? later : sitting.told_later;
  if(verb === 'initialized') {
    sitting.opened.push(key);
  } else if(verb === 'progressed') {
    sitting.done.push({key, caveat});
  } else {
    sitting.assessed.push({key, verb, score});
  }
}

/* When a fact was recorded, if that was later than in time after it happened (section 6). */
function toldLater({time, recorded = time, context}) {
  const happened = Math.min(...[time, context.device_time].filter(Boolean).map(Date.parse));
  return Date.parse(recorded) - happened > 300_000 ? recorded : undefined;
}

const roundOf = context => context.round ?? 1;

function minutes(slot, {state, arrived_at, left_at}) {
  if(!['signed', 'attested'].includes(state)) {
    return 0;
  }
  const start = Math.max(...[slot.starts_at, arrived_at].filter(Boolean).map(Date.parse));
  const end = Math.min(...[slot.ends_at, left_at].filter(Boolean).map(Date.parse));
  return Math.max(0, Math.floor((end - start) / 60_000));
}
