-- The keys of events, which are most of what is kept, by the week: a week is dropped whole. Row by row it was a deletion of millions an hour, which had to look for them in all of the table.

CREATE FUNCTION notifier.key_week(at timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT floor(extract(epoch FROM at) / 604800)::integer $$;  -- since 1970; begins on Thursdays, 00:00 UTC

ALTER TABLE notifier.event_key RENAME TO event_key_before;
ALTER INDEX notifier.event_key_pkey RENAME TO event_key_before_pkey;
CREATE TABLE notifier.event_key (
  week     integer NOT NULL,  -- of its arrival
  source   text NOT NULL,
  event_id text NOT NULL,
  PRIMARY KEY (source, event_id, week)
) PARTITION BY LIST (week);
CREATE TABLE notifier.event_key_default PARTITION OF notifier.event_key DEFAULT;  -- of weeks that had no partition in time
DO $$
DECLARE
  this integer := notifier.key_week(notifier.now());
BEGIN
  FOR week IN this - 2 .. this + 1 LOOP
    EXECUTE format('CREATE TABLE notifier.event_key_%s PARTITION OF notifier.event_key FOR VALUES IN (%L)', week, week);
  END LOOP;
  INSERT INTO notifier.event_key SELECT notifier.key_week(received_at), source, event_id FROM notifier.event_key_before
  WHERE notifier.key_week(received_at) BETWEEN this - 2 AND this;
END $$;
DROP TABLE notifier.event_key_before;
GRANT SELECT, INSERT ON notifier.event_key TO notifier_worker;  -- what was accepted once stays so

-- Those of the events that are new, whose keys are kept from now on: for a fortnight at least, since an event is asked about in its week and in the two before. Sources and ids in
-- order of both, so that two doors never wait for each other in a circle.
CREATE FUNCTION notifier.keep_keys(sources text[], ids text[]) RETURNS TABLE (source text, event_id text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  this integer := notifier.key_week(notifier.now());
  -- A transaction that began before the week did writes into the week before, and may not have committed yet. So for ten minutes every key goes there as well, where it waits for the
  -- other one's end.
  overlap boolean := notifier.key_week(notifier.now() - interval '10 minutes') < this;
BEGIN
  RETURN QUERY
  WITH offered AS (
    SELECT DISTINCT o.source, o.event_id FROM (SELECT unnest(sources) AS source, unnest(ids) AS event_id) AS o
    WHERE NOT EXISTS (SELECT FROM notifier.event_key k WHERE k.week = this - 1 AND k.source = o.source AND k.event_id = o.event_id)
      AND NOT EXISTS (SELECT FROM notifier.event_key k WHERE k.week = this - 2 AND k.source = o.source AND k.event_id = o.event_id)
  ), before AS (
    INSERT INTO notifier.event_key (week, source, event_id) SELECT this - 1, o.source, o.event_id FROM offered o WHERE overlap ORDER BY 2, 3
    ON CONFLICT DO NOTHING
    RETURNING source, event_id
  )
  INSERT INTO notifier.event_key AS k (week, source, event_id)
  SELECT this, n.source, n.event_id FROM (SELECT o.source, o.event_id FROM offered o WHERE NOT overlap UNION ALL SELECT b.source, b.event_id FROM before b) AS n ORDER BY 2, 3
  ON CONFLICT DO NOTHING
  RETURNING k.source, k.event_id;
END $$;
REVOKE ALL ON FUNCTION notifier.keep_keys(text[], text[]), notifier.key_week(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notifier.keep_keys(text[], text[]), notifier.key_week(timestamptz) TO notifier_worker;

-- As in 0012, with the keys by the week.
CREATE OR REPLACE FUNCTION notifier.accept(sources text[], ids text[], shards smallint[], bodies text[], sites text[] DEFAULT NULL) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  accepted integer;
BEGIN
  WITH offered AS (
    SELECT DISTINCT ON (o.source, o.event_id, o.shard) o.*
    FROM unnest(sources, ids, shards, bodies, sites) WITH ORDINALITY AS o(source, event_id, shard, body, site, n)
    ORDER BY o.source, o.event_id, o.shard, o.n
  ), fresh AS (
    SELECT * FROM notifier.keep_keys(sources, ids)
  ), whole AS (
    INSERT INTO notifier.inbox (shard, site, source, event_id, body)
    SELECT shard, coalesce(site, ''), source, event_id, body FROM offered JOIN fresh USING (source, event_id) WHERE shard IS NOT NULL ORDER BY n
  ), split AS (
    INSERT INTO notifier.inbox (shard, site, source, event_id, body)
    SELECT p.shard, coalesce(p.part #>> '{data,site}', ''), source, event_id, p.part::text
    FROM offered JOIN fresh USING (source, event_id) CROSS JOIN LATERAL notifier.parts(offered.body::jsonb) p
    WHERE offered.shard IS NULL ORDER BY n
  )
  SELECT count(*) INTO accepted FROM fresh;

  -- The doorbell. Every transaction that notifies waits for one lock of the whole server at its commit, so only one at a time rings;
  -- what commits beside it is found by the poll behind the bell.
  IF accepted > 0 AND pg_try_advisory_xact_lock(hashtextextended('notifier.doorbell', 0)) THEN
    NOTIFY notifier_inbox;
  END IF;
  RETURN accepted;
END $$;

-- As in 0014, and the weeks of the keys. Both by themselves: it locks whole tables, in a moment, and not before a long deletion in one transaction.
CREATE OR REPLACE FUNCTION notifier.tidy() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  day date := notifier.now()::date;
  this integer := notifier.key_week(notifier.now());
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
  FOR i IN 0..1 LOOP
    IF to_regclass(format('notifier.event_key_%s', this + i)) IS NULL AND NOT EXISTS (SELECT FROM notifier.event_key_default WHERE week = this + i) THEN
      EXECUTE format('CREATE TABLE notifier.event_key_%s PARTITION OF notifier.event_key FOR VALUES IN (%L)', this + i, this + i);
    END IF;
  END LOOP;
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent = 'notifier.event_key'::regclass AND c.relname ~ '^event_key_[0-9]+$' AND substring(c.relname FROM '[0-9]+$')::integer < this - 2 LOOP
    EXECUTE format('DROP TABLE notifier.%I', part.relname);
  END LOOP;
  -- Of days and weeks that had no partition in time: here, since a new one has to wait for whoever writes among these.
  DELETE FROM notifier.trace_default WHERE at < notifier.now() - interval '30 days';
  DELETE FROM notifier.event_key_default WHERE week < this - 2;
END $$;

-- As in 0013, without the keys.
CREATE OR REPLACE FUNCTION notifier.tidy_rows() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('notifier.tidy_rows', 0)) THEN
    RETURN; -- another worker is at it
  END IF;
  DELETE FROM notifier.dead_letter WHERE created_at < notifier.now() - interval '30 days';
  DELETE FROM notifier.escalation_message WHERE received_at < notifier.now() - interval '30 days';
  DELETE FROM notifier.escalation e WHERE closed_at < notifier.now() - interval '30 days'
    OR (opened_at < notifier.now() - interval '30 days' AND push_at IS NULL AND email_at IS NULL AND email_attempt IS NULL
        AND NOT EXISTS (SELECT FROM notifier.escalation_message m WHERE m.site = e.site AND m.recipient = e.recipient AND m.conversation = e.conversation));
  DELETE FROM notifier.message m WHERE created_at < notifier.now() - interval '30 days'
    AND NOT EXISTS (SELECT FROM notifier.escalation_message u WHERE u.site = m.site AND u.message = m.id);
  DELETE FROM notifier.email_attempt WHERE finished_at < notifier.now() - interval '30 days';
  DELETE FROM notifier.relay_node WHERE lease_until < notifier.now() - interval '30 days';
  DELETE FROM notifier.presence WHERE received_at < notifier.now() - interval '30 days';
  DELETE FROM notifier.bounce WHERE at < notifier.now() - interval '30 days';
END $$;
