-- The relay's schema: what was accepted, and the first outcome of each (message, recipient). Rows live for minutes.

CREATE SCHEMA relay;

-- One row per message. Its id rises in the order of commits: see relay.accept.
CREATE TABLE relay.accepted (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site        text NOT NULL,
  message     text NOT NULL,
  node        text NOT NULL,
  recipients  text[] NOT NULL,
  body        jsonb NOT NULL,   -- the message as notifier.publish takes it
  accepted_at timestamptz NOT NULL DEFAULT notifier.now(),
  swept       boolean NOT NULL DEFAULT false,   -- every recipient has an outcome
  UNIQUE (site, message)
);
CREATE INDEX accepted_open ON relay.accepted (accepted_at) WHERE NOT swept;

-- The first outcome; the key is what makes it the only one.
CREATE TABLE relay.outcome (
  accepted  bigint NOT NULL,
  recipient integer NOT NULL,   -- its place in accepted.recipients, from 1
  delivered boolean NOT NULL,
  PRIMARY KEY (accepted, recipient)
);

-- The relays that live, and who is connected to which. A node that dies takes its people with it.
CREATE TABLE relay.node (
  node        text PRIMARY KEY,
  lease_until timestamptz NOT NULL
);
CREATE TABLE relay.connected (
  site      text NOT NULL,
  recipient text NOT NULL,
  node      text NOT NULL,
  PRIMARY KEY (site, recipient, node)
);

-- Frames for people of other nodes that are worth nothing a moment later: presence, typing, ticks.
CREATE UNLOGGED TABLE relay.signal (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node       text NOT NULL,
  site       text NOT NULL,
  recipients text[] NOT NULL,
  frame      text NOT NULL,
  sent_at    timestamptz NOT NULL DEFAULT pg_catalog.now()
);

-- What waits for the other nodes; no bell where there is none. As in notifier.accept, only one transaction at a time rings.
CREATE FUNCTION relay.ring(me text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM relay.node WHERE node <> me AND lease_until > notifier.now()) AND pg_try_advisory_xact_lock(hashtextextended('relay.doorbell', 0)) THEN
    NOTIFY relay_accepted;
  END IF;
END $$;

-- A group of messages. Who repeats one gets the row that is there: `mine` says whether this very node had put it there.
CREATE FUNCTION relay.accept(me text, sites text[], messages text[], people text[], bodies text[])
RETURNS TABLE (site text, message text, id bigint, mine boolean) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  -- One group at a time: so ids rise as groups commit, and who reads up to an id has read everything before it.
  PERFORM pg_advisory_xact_lock(hashtextextended('relay.accept', 0));
  RETURN QUERY
    INSERT INTO relay.accepted AS a (site, message, node, recipients, body)
    SELECT o.site, o.message, me, string_to_array(o.people, E'\x1f'), o.body::jsonb
    FROM unnest(sites, messages, people, bodies) AS o(site, message, people, body)
    ON CONFLICT (site, message) DO UPDATE SET node = a.node
    RETURNING a.site, a.message, a.id, a.node = me;
  PERFORM relay.ring(me);
END $$;

-- First outcomes, and what came later. What is first goes to the notifier's inbox in the same transaction, and exactly that; of what is not,
-- only that a message was delivered after all. Somebody connected to another node that lives is not ours to call offline or gone.
CREATE FUNCTION relay.decide(
  me text, accepted bigint[], recipients integer[], delivered boolean[], reasons text[], presences text[], conversations text[], active_at timestamptz[])
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  fresh_accepted bigint[];
  fresh_recipient integer[];
  alone boolean := NOT EXISTS (SELECT FROM relay.node WHERE node <> me AND lease_until > notifier.now());
  events jsonb;
BEGIN
  WITH fresh AS (
    INSERT INTO relay.outcome (accepted, recipient, delivered)
    SELECT o.accepted, o.recipient, bool_or(o.delivered)
    FROM unnest(accepted, recipients, delivered, reasons) AS o(accepted, recipient, delivered, reason)
    JOIN relay.accepted a ON a.id = o.accepted AND NOT a.swept
    WHERE alone OR o.reason IS NULL OR o.reason NOT IN ('offline', 'gone') OR NOT EXISTS (
      SELECT FROM relay.connected c JOIN relay.node n ON n.node = c.node AND n.lease_until > notifier.now()
      WHERE c.site = a.site AND c.recipient = a.recipients[o.recipient] AND c.node <> me)
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT DO NOTHING
    RETURNING accepted, recipient
  )
  SELECT array_agg(accepted), array_agg(recipient) INTO fresh_accepted, fresh_recipient FROM fresh;

  -- A statement of its own, which sees what another transaction has decided meanwhile.
  WITH offered AS (
    SELECT DISTINCT ON (o.accepted, o.recipient) o.*
    FROM unnest(accepted, recipients, delivered, reasons, presences, conversations, active_at)
      AS o(accepted, recipient, delivered, reason, presence, conversation, active_at)
    ORDER BY o.accepted, o.recipient, o.delivered DESC
  ), told AS (
    SELECT o.*, NULL::integer AS late FROM offered o JOIN unnest(fresh_accepted, fresh_recipient) AS f(accepted, recipient) USING (accepted, recipient)
    UNION ALL
    SELECT o.*, o.recipient FROM offered o JOIN relay.outcome x USING (accepted, recipient) WHERE o.delivered AND NOT x.delivered
  ), event AS (
    SELECT jsonb_build_object(
      'specversion', '1.0', 'source', '/sites/' || a.site || '/relay', 'type', 'message.outcome',
      -- No recipient is the first of two batches, and none is late twice.
      'id', a.id || CASE WHEN t.late IS NULL THEN ':' ELSE ':late:' END || min(t.recipient),
      'time', to_char(notifier.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'data', jsonb_build_object('site', a.site, 'message', a.body, 'recipients', jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'id', a.recipients[t.recipient], 'outcome', CASE WHEN t.delivered THEN 'delivered' ELSE 'undelivered' END, 'reason', t.reason,
        'presence', t.presence, 'conversation', t.conversation, 'lastActiveAt', t.active_at)) ORDER BY t.recipient))) AS event
    FROM told t JOIN relay.accepted a ON a.id = t.accepted
    GROUP BY a.id, t.late
  )
  SELECT jsonb_agg(event) INTO events FROM event;
  IF events IS NOT NULL THEN
    PERFORM notifier.publish(events);
  END IF;
  RETURN coalesce(cardinality(fresh_accepted), 0);
END $$;

-- What no relay has decided in ten seconds, because it died or cannot reach the database, is undelivered. Returns how many messages were looked at.
CREATE FUNCTION relay.sweep(most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  due bigint[];
BEGIN
  due := ARRAY(
    SELECT id FROM relay.accepted WHERE NOT swept AND accepted_at < notifier.now() - interval '10 seconds'
    ORDER BY accepted_at LIMIT most FOR UPDATE SKIP LOCKED);
  IF cardinality(due) = 0 THEN
    RETURN 0;
  END IF;
  PERFORM relay.decide('', array_agg(a.id), array_agg(r.n), array_agg(false), array_agg('relay_lost'::text), array_agg(NULL::text), array_agg(NULL::text), array_agg(NULL::timestamptz))
  FROM relay.accepted a CROSS JOIN LATERAL generate_series(1, cardinality(a.recipients)) AS r(n)
  WHERE a.id = ANY (due) AND NOT EXISTS (SELECT FROM relay.outcome x WHERE x.accepted = a.id AND x.recipient = r.n)
  HAVING count(*) > 0;
  UPDATE relay.accepted SET swept = true WHERE id = ANY (due);
  RETURN cardinality(due);
END $$;

-- What is decided is of use for a moment only; a message for as long as its sender may repeat it.
CREATE FUNCTION relay.tidy() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM relay.outcome WHERE accepted < (
    SELECT coalesce(min(id), 9223372036854775807) FROM relay.accepted WHERE NOT swept OR accepted_at > notifier.now() - interval '2 minutes');
  DELETE FROM relay.accepted WHERE swept AND accepted_at < notifier.now() - interval '15 minutes';
  DELETE FROM relay.connected c WHERE NOT EXISTS (SELECT FROM relay.node n WHERE n.node = c.node AND n.lease_until > notifier.now() - interval '5 minutes');
  DELETE FROM relay.node WHERE lease_until < notifier.now() - interval '5 minutes';
  DELETE FROM relay.signal WHERE sent_at < notifier.now() - interval '1 minute';
$$;

-- Keeps a node's lease, and says whether there are others.
CREATE FUNCTION relay.renew(me text, seconds integer) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO relay.node (node, lease_until) VALUES (me, notifier.now() + make_interval(secs => seconds))
  ON CONFLICT (node) DO UPDATE SET lease_until = excluded.lease_until;
  SELECT EXISTS (SELECT FROM relay.node WHERE node <> me AND lease_until > notifier.now());
$$;

-- A relay's own role: it has what is in this schema, the door of the notifier, and nothing else.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA relay FROM PUBLIC;
DO $$ BEGIN
  CREATE ROLE relay_node NOLOGIN;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN NULL;
  WHEN insufficient_privilege THEN RAISE WARNING 'the role relay_node was not made: this user may not create roles';
END $$;
DO $$ BEGIN
  GRANT USAGE ON SCHEMA relay, notifier TO relay_node;
  GRANT EXECUTE ON FUNCTION notifier.publish(jsonb) TO relay_node;
  GRANT EXECUTE ON FUNCTION
    relay.accept(text, text[], text[], text[], text[]), relay.ring(text), relay.renew(text, integer),
    relay.decide(text, bigint[], integer[], boolean[], text[], text[], text[], timestamptz[]) TO relay_node;
  GRANT SELECT ON relay.accepted, relay.outcome, relay.node TO relay_node;
  GRANT SELECT, INSERT, DELETE ON relay.connected, relay.signal TO relay_node;
EXCEPTION WHEN undefined_object THEN NULL;
END $$;
