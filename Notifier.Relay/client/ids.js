/** An id that nobody else has. (crypto.randomUUID is there on https only.) */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}
