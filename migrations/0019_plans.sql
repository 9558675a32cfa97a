-- The worker's connections plan each statement as it comes (Notifier.Worker, Storage/Plans). An event that comes alone would pay for that more than for all else: what takes events in keeps
-- its plans, which leave no choice that the size of a table decides.
--
-- As in 0017, and an event is the same again only if it is the same site's: a key of one site could otherwise use up the ids that another's relay is about to give. What was accepted before
-- has its key without the site; one of those that comes again is decided twice, which changes nothing.
CREATE OR REPLACE FUNCTION notifier.accept(sources text[], ids text[], shards smallint[], bodies text[], sites text[] DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  accepted integer;
  -- No site has a line feed in its name.
  owned text[] := ARRAY(SELECT coalesce(o.site, '') || E'\n' || o.source FROM (SELECT unnest(sources) AS source, unnest(sites) AS site) AS o);
BEGIN
  WITH offered AS (
    SELECT DISTINCT ON (o.key, o.event_id, o.shard) o.*
    FROM (SELECT unnest(sources) AS source, unnest(owned) AS key, unnest(ids) AS event_id, unnest(shards) AS shard, unnest(bodies) AS body, unnest(sites) AS site,
                 generate_series(1, cardinality(sources)) AS n) AS o
    ORDER BY o.key, o.event_id, o.shard, o.n
  ), fresh AS (
    SELECT k.source AS key, k.event_id FROM notifier.keep_keys(owned, ids) AS k
  ), whole AS (
    INSERT INTO notifier.inbox (shard, site, source, event_id, body)
    SELECT shard, coalesce(site, ''), source, event_id, body FROM offered JOIN fresh USING (key, event_id) WHERE shard IS NOT NULL ORDER BY n
  ), split AS (
    INSERT INTO notifier.inbox (shard, site, source, event_id, body)
    SELECT p.shard, coalesce(p.part #>> '{data,site}', ''), source, event_id, p.part::text
    FROM offered JOIN fresh USING (key, event_id) CROSS JOIN LATERAL notifier.parts(offered.body::jsonb) p
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

CREATE OR REPLACE FUNCTION notifier.publish(event jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  events jsonb := CASE jsonb_typeof(event) WHEN 'array' THEN event ELSE jsonb_build_array(event) END;
BEGIN
  RETURN (
    WITH named AS (
      SELECT coalesce(e.value ->> 'source', '') AS source, coalesce(e.value #>> '{data,site}', '') AS site,
             -- Without an id it is its own content: kept once, as a dead letter.
             coalesce(e.value ->> 'id', encode(sha256(convert_to(e.value::text, 'UTF8')), 'hex')) AS id, e.value, e.ordinality AS n
      FROM jsonb_array_elements(events) WITH ORDINALITY e
    ), each AS (
      SELECT DISTINCT ON (site, source, id) * FROM named ORDER BY site, source, id, n
    )
    SELECT notifier.accept(array_agg(e.source ORDER BY e.n, p.shard), array_agg(e.id ORDER BY e.n, p.shard), array_agg(p.shard ORDER BY e.n, p.shard), array_agg(p.part::text ORDER BY e.n, p.shard),
                           array_agg(e.site ORDER BY e.n, p.shard))
    FROM each e CROSS JOIN LATERAL notifier.parts(e.value) p);
END $$;

-- Of messages by their id alone: an index that has the site as well looks as good as any to a planner that takes the table for small, and then reads all that a site has for each key.
CREATE INDEX escalation_message_by_id ON notifier.escalation_message (message);
DROP INDEX notifier.escalation_message_message;

-- Counts the rows of tables that have grown to twice their size since they were last counted; plans that were made before are dropped with it. Autovacuum does the same once a minute, by
-- which time a plan that was made for an empty table may have read a hundred thousand rows for each of its keys.
CREATE FUNCTION notifier.recount() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET default_statistics_target = 10 AS $$
DECLARE
  grown regclass;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('notifier.recount', 0)) THEN RETURN; END IF;
  FOR grown IN SELECT c.oid FROM pg_class c WHERE c.relnamespace IN ('notifier'::regnamespace, 'relay'::regnamespace) AND c.relkind = 'r'
                 AND pg_relation_size(c.oid) > 8192::bigint * 2 * greatest(c.relpages, 8) LOOP
    EXECUTE format('ANALYZE (SKIP_LOCKED) %s', grown);
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION notifier.recount() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notifier.recount() TO notifier_worker;
