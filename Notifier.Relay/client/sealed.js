// Opens what a site has sealed: a JWE in compact form, "dir" and "A256GCM" (RFC 7516, 7518). The relay has only the sealed text.

/** Why a text cannot be read. @typedef {'no_key' | 'wrong_key' | 'not_a_jwe' | 'unsupported'} Unreadable */

export class SealedError extends Error {
  /** @param {Unreadable} reason @param {string} message */
  constructor(reason, message) {
    super(message);
    this.name = 'SealedError';
    this.reason = reason;
  }
}

/** A key of 32 bytes in base64url; or several, by the `kid` in the header of what they seal. @typedef {string | Record<string, string>} Keys */

/** @type {Map<string, Promise<CryptoKey>>} */
const imported = new Map();

/**
 * @param {string} jwe
 * @param {Keys | undefined} keys
 * @returns {Promise<string>}
 */
export async function open(jwe, keys) {
  const parts = jwe.split('.');
  if (parts.length !== 5 || parts[1] !== '') throw new SealedError('not_a_jwe', 'A sealed text has five parts, and no encrypted key ("dir").');
  let header;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes(parts[0])));
  } catch {
    throw new SealedError('not_a_jwe', 'The header of the sealed text cannot be read.');
  }
  // No compression: it would tell of the text by its length. No extension that we do not know (RFC 7516 section 4.1.13).
  if (header.alg !== 'dir' || header.enc !== 'A256GCM' || header.zip || header.crit)
    throw new SealedError('unsupported', 'Only alg "dir" with enc "A256GCM" is opened.');
  const secret = typeof keys === 'string' ? keys : header.kid !== undefined && keys && Object.hasOwn(keys, header.kid) ? keys[header.kid] : undefined;
  if (secret === undefined) throw new SealedError('no_key', `There is no key ${header.kid ?? ''} to open this text.`);
  const key = await imports(secret);
  try {
    const [iv, text, tag] = [bytes(parts[2]), bytes(parts[3]), bytes(parts[4])];
    if (tag.length !== 16 || iv.length !== 12) throw new Error('lengths');
    const sealed = new Uint8Array(text.length + tag.length);
    sealed.set(text);
    sealed.set(tag, text.length);
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(parts[0]) }, key, sealed);
    return new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch {
    throw new SealedError('wrong_key', 'This key does not open the sealed text, or it was changed on its way.');
  }
}

/** @param {string} secret */
function imports(secret) {
  let key = imported.get(secret);
  if (!key) {
    key = Promise.resolve().then(() => {
      const raw = bytes(secret);
      if (raw.length !== 32) throw new SealedError('no_key', 'The key must be 32 bytes in base64url.');
      return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
    });
    key.catch(() => imported.delete(secret));
    imported.set(secret, key);
  }
  return key;
}

/** @param {string} text base64url @returns {Uint8Array<ArrayBuffer>} */
function bytes(text) {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}
