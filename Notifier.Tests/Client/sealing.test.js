// The examples of docs/sealing, each in its own language, opened by the client.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { open } from '../../Notifier.Relay/client/sealed.js';

const folder = fileURLToPath(new URL('../../docs/sealing/', import.meta.url));
const key = randomBytes(32).toString('base64url');
const text = 'Is it still available? 🙂 ça va';

const opens = async (program, ...args) => {
  const sealed = execFileSync(program, [...args, key, text], { encoding: 'utf8' }).trim();
  assert.equal(await open(sealed, key), text);
};

test('Node', () => opens('node', join(folder, 'seal.mjs')));

const php = spawnSync('php', ['--version']).status === 0 || process.env.CI;
test('PHP', { skip: !php && 'php is missing: install the package php-cli' }, () => opens('php', join(folder, 'seal.php')));

test('C#', async () => {
  // Away from this repository's own build settings, as a reader would run it.
  const elsewhere = mkdtempSync(join(tmpdir(), 'notifier-seal-'));
  try {
    copyFileSync(join(folder, 'seal.cs'), join(elsewhere, 'seal.cs'));
    await opens('dotnet', 'run', join(elsewhere, 'seal.cs'));
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});
