// The little that outlives a tab and a worker, in IndexedDB: the position in the relay's log, the id of this browser, the seen marks on their way.

/**
 * @typedef {object} Store
 * @property {(key: string) => Promise<any>} get
 * @property {(key: string, value: any) => Promise<void>} put
 * @property {(key: string) => Promise<void>} remove
 * @property {(prefix: string) => Promise<any[]>} list the values of all keys that begin so
 */

const table = 'kept';

/**
 * Where a browser keeps nothing for this page (a private window, storage that is full or forbidden), it is kept as long as the memory lasts.
 * @param {string} name
 * @returns {Promise<Store>}
 */
export async function openStore(name) {
  try {
    return stored(await openDatabase(name));
  } catch {
    return remembered();
  }
}

/** @param {string} name @returns {Promise<IDBDatabase>} */
function openDatabase(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(table);
    request.onsuccess = () => {
      // Never stand in the way of a newer version of this client in another tab.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
}

/** @param {IDBDatabase} database @returns {Store} */
function stored(database) {
  const memory = remembered();
  /**
   * @template T
   * @param {IDBTransactionMode} mode @param {(s: IDBObjectStore) => IDBRequest<T>} act @param {() => Promise<T>} otherwise
   * @returns {Promise<T>}
   */
  const run = async (mode, act, otherwise) => {
    try {
      // "relaxed": a crash of the whole machine may cost the newest position, which only means that a few messages are replayed.
      const transaction = database.transaction(table, mode, { durability: 'relaxed' });
      const request = act(transaction.objectStore(table));
      return await new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
      });
    } catch {
      return otherwise();
    }
  };
  return {
    get: (key) => run('readonly', (s) => s.get(key), () => memory.get(key)),
    put: (key, value) => run('readwrite', (s) => /** @type {IDBRequest<any>} */ (s.put(value, key)), () => memory.put(key, value)),
    remove: (key) => run('readwrite', (s) => /** @type {IDBRequest<any>} */ (s.delete(key)), () => memory.remove(key)),
    list: (prefix) => run('readonly', (s) => s.getAll(IDBKeyRange.bound(prefix, `${prefix}\uffff`)), () => memory.list(prefix)),
  };
}

/** @returns {Store} */
export function remembered() {
  /** @type {Map<string, any>} */
  const kept = new Map();
  return {
    get: async (key) => kept.get(key),
    put: async (key, value) => void kept.set(key, value),
    remove: async (key) => void kept.delete(key),
    list: async (prefix) => [...kept].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value),
  };
}
