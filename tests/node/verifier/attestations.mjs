/* An attestation: its numbers agree, and who the organisation is, is what its newest fact says (docs/attestations.md). */
import {identityOf, whoseOf} from './facts.mjs';
import {canonical, must, readJson, unhex} from './strict.mjs';
import {Index} from './tree.mjs';

const FORMAT = 'milepost-attestation/2', EARLIER = 'milepost-attestation/1';

/* `key` is that of its first seal; `checkProof` checks the proof of a fact (section 15). */
export function checkAttestation(said, key, checkProof) {
  must([FORMAT, EARLIER].includes(said.format), `The attestation is not of the format ${FORMAT}, nor of the one before.`);
  [said, ...said.sites].forEach(row => must(0 <= row.certified && row.certified <= row.concerned, 'More were certified than were concerned.'));
  for(const name of ['concerned', 'certified']) {
    must(said.sites.reduce((sum, row) => sum + row[name], 0) === said[name], `The numbers of the sites do not make the whole of those ${name}.`);
  }
  must(said.annex.rows === said.concerned, 'The list has another number of rows than people were concerned.');
  return said.format === EARLIER ? {signings: [], told: ['Its name is told by no fact: it is of an earlier format.']} : holdIdentity(said, key, checkProof);
}

function holdIdentity({identity, organisation, counted_at}, key, checkProof) {
  const {fact: proof, leaves, completeness} = identity, {uid, ...stated} = organisation, about = identityOf(uid);
  const {known, signings} = checkProof(proof, null);
  const head = readJson(proof.seal.statement), statement = readJson(proof.entry.statement);
  must(known[0] === key && head.organisation === uid, 'Who the organisation is, is told by the journal of somebody else.');
  must(canonical(counted_at) === canonical({size: head.size, root: head.root}), 'Who the organisation is, is told under another head than that up to which was counted.');
  const isIt = statement.object.type === 'identity' && statement.object.id === about && leaves.at(-1) === proof.leaf;
  must(isIt, 'The fact in the attestation is not the newest that says who the organisation is.');
  must(canonical(statement.result) === canonical(stated), 'The attestation tells of another organisation than the newest fact of it.');
  must(head.index, 'The seal names no index: that no newer fact says who the organisation is, is not proven.');
  const index = new Index();
  leaves.forEach(leaf => index.add(about, whoseOf(statement), unhex(leaf, 32)));
  index.hold(unhex(head.index, 32), completeness, [[about, null]]);
  return {signings, told: []};
}
