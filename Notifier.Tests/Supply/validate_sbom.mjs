// Whether a bill of materials is one, by the schema that CycloneDX publishes: node validate_sbom.mjs FILE
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

const require = createRequire(import.meta.url);
const schema = name => JSON.parse(readFileSync(require.resolve('@cyclonedx/cyclonedx-library/package.json').replace('package.json', `res/schema/${name}.SNAPSHOT.schema.json`), 'utf8'));
const ajv = new Ajv({ strict: false, allErrors: true, formats: { 'idn-email': true, 'iri-reference': true } });
addFormats(ajv);
for (const name of ['spdx', 'jsf-0.82']) ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
const validate = ajv.compile(schema('bom-1.6'));
const bom = JSON.parse(readFileSync(process.argv[2], 'utf8'));
if (validate(bom)) console.log('valid');
else for (const e of validate.errors) console.log(`${e.instancePath} ${e.message}`);
