-- The worker's connections plan each statement as it comes (Notifier.Worker, Storage/Plans). An event that comes alone would pay for that more than for all else: what takes events in keeps
-- its plans, which leave no choice that the size of a table decides.

ALTER FUNCTION notifier.accept(text[], text[], smallint[], text[], text[]) SET plan_cache_mode = auto;
ALTER FUNCTION notifier.publish(jsonb) SET plan_cache_mode = auto;

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
