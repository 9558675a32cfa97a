// graphile-worker at its batched best: jobs added 500 at a time, taken 500 at a time, completed together. The jobs do nothing.
import { createInterface } from 'node:readline';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

const { Pool } = pg;
const pool = new Pool({ connectionString: process.env.BENCH_DATABASE, max: 20 });
pool.on('error', () => {});
pool.on('connect', (client) => client.on('error', () => {}));
let done = 0;
const runner = await run({
  pgPool: pool,
  noHandleSignals: true,
  preset: {
    worker: { concurrentJobs: 100, maxPoolSize: 20, pollInterval: 50, localQueue: { size: 500, refetchDelay: { durationMs: 5 } }, completeJobBatchDelay: 5, failJobBatchDelay: 5 },
  },
  logger: new Logger(() => () => {}),
  taskList: { decide: () => { done += 1; } },
});
const utils = await makeWorkerUtils({ pgPool: pool });
const text = 'x'.repeat(420);
for await (const order of createInterface({ input: process.stdin })) {
  const events = Number(order);
  done = 0;
  const begun = process.hrtime.bigint();
  let added = 0;
  await Promise.all(Array.from({ length: 4 }, async () => {
    while (added < events) {
      const count = Math.min(500, events - added);
      added += count;
      await utils.addJobs(Array.from({ length: count }, (_, i) => ({ identifier: 'decide', payload: { i, text } })));
    }
  }));
  for (;;) {
    if (done >= events) {
      const { rows: [{ left }] } = await pool.query('SELECT count(*)::int AS left FROM (SELECT FROM graphile_worker._private_jobs LIMIT 1) AS j');
      if (left === 0) break;
    }
    await new Promise((resolve) => { setTimeout(resolve, 5); });
  }
  console.log(Number((process.hrtime.bigint() - begun) / 1000n));
}
await runner.stop();
await pool.end();
