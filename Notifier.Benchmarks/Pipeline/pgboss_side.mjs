// pg-boss at its batched best: jobs inserted 500 at a time, fetched 500 at a time by four, completed together. The jobs do nothing.
import { createInterface } from 'node:readline';
import PgBoss from 'pg-boss';

const boss = new PgBoss({ connectionString: process.env.BENCH_DATABASE, max: 20, supervise: false, schedule: false });
await boss.start();
await boss.createQueue('decide');
const text = 'x'.repeat(420);
for await (const order of createInterface({ input: process.stdin })) {
  const events = Number(order);
  const begun = process.hrtime.bigint();
  let [added, done] = [0, 0];
  const add = async () => {
    while (added < events) {
      const count = Math.min(500, events - added);
      added += count;
      await boss.insert(Array.from({ length: count }, (_, i) => ({ name: 'decide', data: { i, text } })));
    }
  };
  const take = async () => {
    while (done < events) {
      const jobs = await boss.fetch('decide', { batchSize: 500 });
      if (jobs.length === 0) await new Promise((resolve) => { setTimeout(resolve, 5); });
      else {
        await boss.complete('decide', jobs.map((job) => job.id));
        done += jobs.length;
      }
    }
  };
  await Promise.all([add(), add(), add(), add(), take(), take(), take(), take()]);
  console.log(Number((process.hrtime.bigint() - begun) / 1000n));
}
await boss.stop({ graceful: false });
