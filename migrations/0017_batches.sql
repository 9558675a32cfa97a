-- What a batch costs. Arrays unnested in a select list are read side by side; FROM unnest(a, b) makes a table of each first, and that is a good part of what taking an event in costs.

CREATE OR REPLACE FUNCTION notifier.accept(sources text[], ids text[], shards smallint[], bodies text[], sites text[] DEFAULT NULL) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  accepted integer;
BEGIN
  WITH offered AS (
    SELECT DISTINCT ON (o.source, o.event_id, o.shard) o.*
    FROM (SELECT unnest(sources) AS source, unnest(ids) AS event_id, unnest(shards) AS shard, unnest(bodies) AS body, unnest(sites) AS site,
                 generate_series(1, cardinality(sources)) AS n) AS o
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

-- An event for one person is its own only part: most are.
CREATE OR REPLACE FUNCTION notifier.parts(body jsonb) RETURNS TABLE (shard smallint, part jsonb) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  site text := body #>> '{data,site}';
  recipients jsonb := body #> '{data,recipients}';
BEGIN
  IF jsonb_typeof(recipients) = 'array' AND site IS NOT NULL AND jsonb_array_length(recipients) > 1 THEN
    RETURN QUERY
      SELECT notifier.shard_of(site, coalesce(r.value ->> 'id', '')), jsonb_set(body, '{data,recipients}', jsonb_agg(r.value ORDER BY r.ordinality))
      FROM jsonb_array_elements(recipients) WITH ORDINALITY r
      GROUP BY 1;
  ELSIF jsonb_typeof(recipients) = 'array' AND site IS NOT NULL AND jsonb_array_length(recipients) = 1 THEN
    shard := notifier.shard_of(site, coalesce(recipients #>> '{0,id}', ''));
    part := body;
    RETURN NEXT;
  ELSE
    shard := notifier.shard_of(coalesce(site, ''), coalesce(body #>> '{data,recipient}', body #>> '{data,conversation}', ''));
    part := body;
    RETURN NEXT;
  END IF;
END $$;

-- As before; cut into parts here, where it is JSON already. Of an event that comes twice in one call the first counts.
CREATE OR REPLACE FUNCTION notifier.publish(event jsonb) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  events jsonb := CASE jsonb_typeof(event) WHEN 'array' THEN event ELSE jsonb_build_array(event) END;
BEGIN
  RETURN (
    WITH named AS (
      SELECT coalesce(e.value ->> 'source', '') AS source,
             -- Without an id it is its own content: kept once, as a dead letter.
             coalesce(e.value ->> 'id', encode(sha256(convert_to(e.value::text, 'UTF8')), 'hex')) AS id, e.value, e.ordinality AS n
      FROM jsonb_array_elements(events) WITH ORDINALITY e
    ), each AS (
      SELECT DISTINCT ON (source, id) * FROM named ORDER BY source, id, n
    )
    SELECT notifier.accept(array_agg(e.source ORDER BY e.n, p.shard), array_agg(e.id ORDER BY e.n, p.shard), array_agg(p.shard ORDER BY e.n, p.shard), array_agg(p.part::text ORDER BY e.n, p.shard),
                           array_agg(coalesce(p.part #>> '{data,site}', '') ORDER BY e.n, p.shard))
    FROM each e CROSS JOIN LATERAL notifier.parts(e.value) p);
END $$;
