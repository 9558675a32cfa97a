-- The trace in half the rows, little more than a third of the bytes: what is decided of a message at one moment is one row, for both channels, and what the ladder went by has columns
-- of its own. It was a row a channel, with the grounds as JSON, which was most of what a decision cost, and of what is at rest. The view shows it as before.

CREATE TABLE notifier.trace (
  id            bigint GENERATED ALWAYS AS IDENTITY,
  at            timestamptz NOT NULL,
  site          text NOT NULL,
  recipient     text NOT NULL,
  conversation  text NOT NULL,
  message       text NOT NULL,
  escalation    bigint,
  push_verdict  text,          -- null: nothing new on this channel
  push_reason   text,
  push_until    timestamptz,
  email_verdict text,
  email_reason  text,
  email_until   timestamptz,
  -- What the ladder went by; outcome null: a sender's step.
  outcome       text,
  presence      text,          -- as reported with the outcome
  presence_now  text,
  last_activity timestamptz,
  seen_up_to    bigint,
  seq           bigint,
  sent_at       timestamptz,
  device        boolean,
  address       boolean,
  -- What a sender's step went by.
  basis         jsonb
) PARTITION BY RANGE (at);
CREATE INDEX trace_message ON notifier.trace (site, message, recipient);
CREATE INDEX trace_recipient ON notifier.trace (recipient, site);  -- erasing a person must not read everybody's
CREATE TABLE notifier.trace_default PARTITION OF notifier.trace DEFAULT;

-- The same as in 0013, of the new table.
CREATE OR REPLACE FUNCTION notifier.tidy() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  day date := notifier.now()::date;
  part record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('notifier.tidy', 0));
  -- Who waits for the whole trace holds up everybody who comes after: not for long, and again in an hour.
  PERFORM set_config('lock_timeout', '2s', true);
  FOR i IN 0..3 LOOP
    IF to_regclass(format('notifier.trace_%s', to_char(day + i, 'YYYYMMDD'))) IS NULL
       AND NOT EXISTS (SELECT FROM notifier.trace_default WHERE at >= day + i AND at < day + i + 1) THEN
      EXECUTE format('CREATE TABLE notifier.trace_%s PARTITION OF notifier.trace FOR VALUES FROM (%L) TO (%L)',
                     to_char(day + i, 'YYYYMMDD'), (day + i)::timestamptz, (day + i + 1)::timestamptz);
    END IF;
  END LOOP;
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent = 'notifier.trace'::regclass AND c.relname ~ '^trace_[0-9]{8}$' AND c.relname < 'trace_' || to_char(day - 30, 'YYYYMMDD') LOOP
    EXECUTE format('DROP TABLE notifier.%I', part.relname);
  END LOOP;
  -- Of days that had no partition in time: here, since a new one has to wait for whoever writes among these.
  DELETE FROM notifier.trace_default WHERE at < notifier.now() - interval '30 days';
END $$;

-- What was traced so far stays as it was written, a row a channel, until its 30 days are over. The days that have rows need their partitions first.
DO $$
DECLARE
  day date;
BEGIN
  FOR day IN SELECT DISTINCT (at AT TIME ZONE current_setting('TimeZone'))::date FROM notifier.decision LOOP
    EXECUTE format('CREATE TABLE notifier.trace_%s PARTITION OF notifier.trace FOR VALUES FROM (%L) TO (%L)', to_char(day, 'YYYYMMDD'), day::timestamptz, (day + 1)::timestamptz);
  END LOOP;
END $$;
INSERT INTO notifier.trace (at, site, recipient, conversation, message, escalation, push_verdict, push_reason, push_until, email_verdict, email_reason, email_until, basis)
SELECT at, site, recipient, conversation, message, escalation,
       CASE channel WHEN 'push' THEN verdict END, CASE channel WHEN 'push' THEN reason END, CASE channel WHEN 'push' THEN until END,
       CASE channel WHEN 'email' THEN verdict END, CASE channel WHEN 'email' THEN reason END, CASE channel WHEN 'email' THEN until END, basis
FROM notifier.decision ORDER BY id;
DROP TABLE notifier.decision;

-- Every decision, a row a channel, in order: for whoever asks why.
CREATE VIEW notifier.decision AS
SELECT 2 * t.id + c.place AS id, t.at, t.site, t.recipient, t.conversation, t.message, t.escalation, c.channel, c.verdict, c.reason, c.until,
       CASE WHEN t.outcome IS NULL THEN t.basis ELSE jsonb_build_object(
         'outcome', t.outcome, 'presence', t.presence, 'now', t.presence_now, 'lastActivity', t.last_activity, 'seenUpTo', t.seen_up_to, 'seq', t.seq,
         'sentAt', t.sent_at, 'device', t.device, 'address', t.address) END AS basis
FROM notifier.trace t CROSS JOIN LATERAL (VALUES
  (0, 'push', t.push_verdict, t.push_reason, t.push_until),
  (1, 'email', t.email_verdict, t.email_reason, t.email_until)) AS c(place, channel, verdict, reason, until)
WHERE c.verdict IS NOT NULL;

GRANT SELECT, INSERT, DELETE ON notifier.trace TO notifier_worker;  -- written, erased, never rewritten
GRANT USAGE ON ALL SEQUENCES IN SCHEMA notifier TO notifier_worker;
GRANT SELECT ON notifier.decision TO notifier_worker;
GRANT SELECT (id, at, site, recipient, conversation, message, escalation, channel, verdict, reason, until, basis) ON notifier.decision TO notifier_reader;
