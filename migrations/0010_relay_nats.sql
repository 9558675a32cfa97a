-- Nodes that hear each other by NATS need no bell. Each says so with its lease; the bell rings as long as one lives that would not hear otherwise.

ALTER TABLE relay.node ADD COLUMN by_nats boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION relay.ring(me text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (
       SELECT FROM relay.node n WHERE n.node <> me AND n.lease_until > notifier.now()
         AND NOT (n.by_nats AND EXISTS (SELECT FROM relay.node m WHERE m.node = me AND m.by_nats)))
     AND pg_try_advisory_xact_lock(hashtextextended('relay.doorbell', 0)) THEN
    NOTIFY relay_accepted;
  END IF;
END $$;

-- Keeps a node's lease, and says whether there are others, and whether one of them does not hear NATS. The one without hears_nats is a relay's of before.
CREATE FUNCTION relay.renew(me text, seconds integer, hears_nats boolean) RETURNS TABLE (others boolean, deaf boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO relay.node (node, lease_until, by_nats) VALUES (me, notifier.now() + make_interval(secs => seconds), hears_nats)
  ON CONFLICT (node) DO UPDATE SET lease_until = excluded.lease_until, by_nats = excluded.by_nats;
  SELECT count(*) > 0, coalesce(bool_or(NOT by_nats), false) FROM relay.node WHERE node <> me AND lease_until > notifier.now();
$$;

REVOKE ALL ON FUNCTION relay.renew(text, integer, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION relay.renew(text, integer, boolean) TO relay_node;
