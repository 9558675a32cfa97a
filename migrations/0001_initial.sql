-- Notifier's schema. Forward only: later changes come as 0002_….sql and so on.
-- Keys start with the site, so that sites can be spread over databases later.

CREATE SCHEMA IF NOT EXISTS notifier;

-- The one clock: leases, due times and ages are told by the database, never by a worker's own clock.
CREATE FUNCTION notifier.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT pg_catalog.now()';

-- The same as Notifier.Domain.Shard.Of: everything about one recipient is decided in one shard.
CREATE FUNCTION notifier.shard_of(site text, key text) RETURNS smallint LANGUAGE sql IMMUTABLE AS
$$ SELECT (get_byte(sha256(convert_to(site || E'\x1f' || key, 'UTF8')), 0) & 63)::smallint $$;

-- ---------------------------------------------------------------- intake

-- Makes an event idempotent by (source, id) long after it was processed.
CREATE TABLE notifier.event_key (
  source      text NOT NULL,
  event_id    text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT notifier.now(),
  PRIMARY KEY (source, event_id)
);
CREATE INDEX event_key_received_at ON notifier.event_key USING brin (received_at);

-- What is accepted and not yet decided. A row is deleted in the transaction that decides it.
-- An event for recipients of several shards lies here once for each, with those recipients only.
CREATE TABLE notifier.inbox (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shard       smallint NOT NULL,
  source      text,          -- null: written by the notifier itself
  event_id    text,
  body        text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT notifier.now()
);
CREATE INDEX inbox_shard ON notifier.inbox (shard, id);

-- What could not be used, whole, with its reason.
CREATE TABLE notifier.dead_letter (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site        text,
  kind        text NOT NULL,   -- event, push, email
  source      text,
  event_id    text,
  reason      text NOT NULL,
  detail      text NOT NULL,   -- what is wrong, or what the other side answered
  body        text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT notifier.now(),
  replayed_at timestamptz
);
CREATE INDEX dead_letter_open ON notifier.dead_letter (created_at) WHERE replayed_at IS NULL;

-- ---------------------------------------------------------------- who

-- Only sites with something of their own have a row; any other is switched on, with the defaults.
CREATE TABLE notifier.site (
  id         text PRIMARY KEY,
  enabled    boolean NOT NULL DEFAULT true,
  name       text,
  created_at timestamptz NOT NULL DEFAULT notifier.now()
);

CREATE TABLE notifier.recipient (
  site            text NOT NULL,
  id              text NOT NULL,
  email           text,
  name            text,
  locale          text,
  time_zone       text,
  preferences     jsonb NOT NULL DEFAULT '{}',
  unsubscribed_at timestamptz,
  updated_at      timestamptz NOT NULL DEFAULT notifier.now(),
  PRIMARY KEY (site, id)
);

CREATE TABLE notifier.push_subscription (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site          text NOT NULL,
  recipient     text NOT NULL,
  endpoint      text NOT NULL,
  origin        text NOT NULL,
  p256dh        bytea NOT NULL,
  auth          bytea NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT notifier.now(),
  last_used_at  timestamptz NOT NULL DEFAULT notifier.now(),
  errors        integer NOT NULL DEFAULT 0,
  UNIQUE (site, endpoint)
);
CREATE INDEX push_subscription_recipient ON notifier.push_subscription (site, recipient);

-- Addresses that no mail goes to: refused for good, or complained about.
CREATE TABLE notifier.suppression (
  site       text NOT NULL,
  address    text NOT NULL,    -- lower case
  reason     text NOT NULL,
  detail     text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT notifier.now(),
  PRIMARY KEY (site, address)
);

-- ---------------------------------------------------------------- facts

CREATE TABLE notifier.presence (
  site           text NOT NULL,
  recipient      text NOT NULL,
  node           text NOT NULL,   -- empty where the relay does not name it
  state          smallint NOT NULL,
  conversation   text,
  at             timestamptz NOT NULL,
  received_at    timestamptz NOT NULL,
  last_active_at timestamptz,
  PRIMARY KEY (site, recipient, node)
) WITH (fillfactor = 80);

CREATE TABLE notifier.relay_node (
  site        text NOT NULL,
  node        text NOT NULL,
  lease_until timestamptz NOT NULL,
  PRIMARY KEY (site, node)
);

CREATE TABLE notifier.seen_mark (
  site         text NOT NULL,
  recipient    text NOT NULL,
  conversation text NOT NULL,
  seq          bigint NOT NULL,
  seen_at      timestamptz,
  active_at    timestamptz,       -- the person last had it open and active
  PRIMARY KEY (site, recipient, conversation)
) WITH (fillfactor = 80);

-- The content, once for all recipients. An edit or a deletion may come before the message itself: then sent_at is null.
CREATE TABLE notifier.message (
  site         text NOT NULL,
  id           text NOT NULL,
  conversation text NOT NULL,
  seq          bigint NOT NULL,
  kind         smallint,
  title        text,
  sender_id    text,
  sender_name  text,
  text         text,
  sealed       text,
  url          text,
  urgent       boolean NOT NULL DEFAULT false,
  sent_at      timestamptz,
  expires_at   timestamptz,
  edited_at    timestamptz,
  deleted_at   timestamptz,
  created_at   timestamptz NOT NULL DEFAULT notifier.now(),
  PRIMARY KEY (site, id)
);
CREATE INDEX message_created_at ON notifier.message USING brin (created_at);

-- ---------------------------------------------------------------- the ladder

CREATE SEQUENCE notifier.escalation_id;

-- One row per person and conversation; open while something in it is unseen. The row is the truth; timers and Hangfire jobs are alarms.
CREATE TABLE notifier.escalation (
  id            bigint NOT NULL UNIQUE,
  site          text NOT NULL,
  recipient     text NOT NULL,
  conversation  text NOT NULL,
  shard         smallint NOT NULL,
  opened_at     timestamptz NOT NULL,
  closed_at     timestamptz,
  push_at       timestamptz,     -- when the push rung asks again
  email_at      timestamptz,     -- when the email rung asks again
  email_attempt uuid,            -- the email that is under way
  email_level   integer NOT NULL DEFAULT 0,
  last_email_at timestamptz,
  emails        integer NOT NULL DEFAULT 0,  -- ever begun: the n of the next Message-ID
  PRIMARY KEY (site, recipient, conversation)
) WITH (fillfactor = 80);
CREATE INDEX escalation_push_due ON notifier.escalation (shard, push_at) WHERE push_at IS NOT NULL;
CREATE INDEX escalation_email_due ON notifier.escalation (shard, email_at) WHERE email_at IS NOT NULL;

-- What a person has not seen, and where each message stands on each rung.
CREATE TABLE notifier.escalation_message (
  site          text NOT NULL,
  recipient     text NOT NULL,
  message       text NOT NULL,
  conversation  text NOT NULL,
  seq           bigint NOT NULL,
  outcome       smallint NOT NULL,
  presence      smallint NOT NULL,
  active_here   boolean NOT NULL,
  mentioned     boolean NOT NULL,
  reported_at   timestamptz NOT NULL,
  received_at   timestamptz NOT NULL,
  last_activity timestamptz,
  push_verdict  smallint,
  push_reason   smallint,
  email_verdict smallint,
  email_reason  smallint,
  PRIMARY KEY (site, recipient, message)
) WITH (fillfactor = 80);
CREATE INDEX escalation_message_message ON notifier.escalation_message (site, message);
CREATE INDEX escalation_message_conversation ON notifier.escalation_message (site, recipient, conversation, seq);

-- One push message per subscription and conversation: a later one takes the place of one that still waits.
CREATE TABLE notifier.push_outbox (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site         text NOT NULL,
  recipient    text NOT NULL,
  conversation text NOT NULL,
  subscription bigint NOT NULL,
  origin       text NOT NULL,
  dismiss      boolean NOT NULL DEFAULT false,
  up_to        bigint NOT NULL,
  message      text NOT NULL DEFAULT '',       -- the newest it tells of, for the trace
  shrunk       boolean NOT NULL DEFAULT false, -- found too large once: goes without its text
  attempts     integer NOT NULL DEFAULT 0,
  version      integer NOT NULL DEFAULT 1,     -- rises when a later push message takes its place
  created_at   timestamptz NOT NULL DEFAULT notifier.now(),
  next_at      timestamptz NOT NULL DEFAULT notifier.now(),
  expires_at   timestamptz NOT NULL,
  lease_until  timestamptz,
  UNIQUE (subscription, conversation)
) WITH (fillfactor = 80);
CREATE INDEX push_outbox_due ON notifier.push_outbox (next_at);
CREATE INDEX push_outbox_recipient ON notifier.push_outbox (site, recipient, conversation);

-- What is known of a push service, for one site: whether to leave it alone for a while.
CREATE TABLE notifier.push_origin (
  site         text NOT NULL,
  origin       text NOT NULL,
  held_until   timestamptz,
  window_from  timestamptz NOT NULL DEFAULT notifier.now(),
  answers      integer NOT NULL DEFAULT 0,
  unauthorized integer NOT NULL DEFAULT 0,
  open_until   timestamptz,       -- the breaker: nothing goes there until then
  PRIMARY KEY (site, origin)
);

-- One email: pending → sending → data → sent | retry | failed | unknown | withdrawn.
CREATE TABLE notifier.email_attempt (
  id            uuid PRIMARY KEY,
  message_id    text NOT NULL UNIQUE,
  site          text NOT NULL,
  recipient     text NOT NULL,
  conversations text[] NOT NULL,
  newest        text[] NOT NULL DEFAULT '{}',         -- by conversation: its newest message then, for the trace
  state         text NOT NULL DEFAULT 'pending'
                CHECK (state IN ('pending', 'sending', 'data', 'sent', 'retry', 'failed', 'unknown', 'withdrawn')),
  attempts      integer NOT NULL DEFAULT 0,
  resent        boolean NOT NULL DEFAULT false,   -- once, after an unknown outcome
  next_at       timestamptz NOT NULL DEFAULT notifier.now(),
  lease_until   timestamptz,
  fence         bigint NOT NULL DEFAULT 0,        -- rises with each claim: what an overtaken worker says is not heard
  answer        text,
  created_at    timestamptz NOT NULL DEFAULT notifier.now(),
  finished_at   timestamptz
) WITH (fillfactor = 80);
CREATE INDEX email_attempt_due ON notifier.email_attempt (next_at) WHERE state IN ('pending', 'retry', 'sending', 'data');
CREATE INDEX email_attempt_recipient ON notifier.email_attempt (site, recipient, finished_at) WHERE state IN ('sent', 'unknown');

-- The alarms that are set: one Hangfire job each, made in the transaction that made the row.
CREATE TABLE notifier.email_alarm (
  at     timestamptz PRIMARY KEY,
  set_at timestamptz NOT NULL DEFAULT notifier.now()
);

-- ---------------------------------------------------------------- why

-- Every decision; by day, so that what is old is dropped and not deleted.
CREATE TABLE notifier.decision (
  id           bigint GENERATED ALWAYS AS IDENTITY,
  at           timestamptz NOT NULL,
  site         text NOT NULL,
  recipient    text NOT NULL,
  conversation text NOT NULL,
  message      text NOT NULL,
  escalation   bigint,
  channel      text NOT NULL,
  verdict      text NOT NULL,
  reason       text NOT NULL,
  until        timestamptz,
  basis        jsonb
) PARTITION BY RANGE (at);
CREATE INDEX decision_message ON notifier.decision (site, message, recipient);
CREATE TABLE notifier.decision_default PARTITION OF notifier.decision DEFAULT;

-- ---------------------------------------------------------------- retention

-- Makes the trace's partitions for the days ahead, and lets go of what is old: the trace and dead letters after 30 days, content once nobody
-- has it unseen, closed escalations after 30 days, event keys after 14.
CREATE FUNCTION notifier.tidy() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  day date := notifier.now()::date;
  part record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('notifier.tidy', 0));
  FOR i IN 0..3 LOOP
    IF to_regclass(format('notifier.decision_%s', to_char(day + i, 'YYYYMMDD'))) IS NULL
       AND NOT EXISTS (SELECT FROM notifier.decision_default WHERE at >= day + i AND at < day + i + 1) THEN
      EXECUTE format('CREATE TABLE notifier.decision_%s PARTITION OF notifier.decision FOR VALUES FROM (%L) TO (%L)',
                     to_char(day + i, 'YYYYMMDD'), (day + i)::timestamptz, (day + i + 1)::timestamptz);
    END IF;
  END LOOP;
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent = 'notifier.decision'::regclass AND c.relname ~ '^decision_[0-9]{8}$' AND c.relname < 'decision_' || to_char(day - 30, 'YYYYMMDD') LOOP
    EXECUTE format('DROP TABLE notifier.%I', part.relname);
  END LOOP;
  DELETE FROM notifier.decision_default WHERE at < notifier.now() - interval '30 days';
  DELETE FROM notifier.event_key WHERE received_at < notifier.now() - interval '14 days';
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
END $$;

-- ---------------------------------------------------------------- the doors

-- The parts an event falls into, one for each shard it concerns. What cannot be read goes to shard 0, where it becomes a dead letter.
CREATE FUNCTION notifier.parts(body jsonb) RETURNS TABLE (shard smallint, part jsonb) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  site text := body #>> '{data,site}';
BEGIN
  IF jsonb_typeof(body #> '{data,recipients}') = 'array' AND site IS NOT NULL AND jsonb_array_length(body #> '{data,recipients}') > 0 THEN
    RETURN QUERY
      SELECT notifier.shard_of(site, coalesce(r.value ->> 'id', '')), jsonb_set(body, '{data,recipients}', jsonb_agg(r.value ORDER BY r.ordinality))
      FROM jsonb_array_elements(body #> '{data,recipients}') WITH ORDINALITY r
      GROUP BY 1;
  ELSE
    RETURN QUERY SELECT notifier.shard_of(coalesce(site, ''), coalesce(body #>> '{data,recipient}', body #>> '{data,conversation}', '')), body;
  END IF;
END $$;

-- Where every door leads: what is new by (source, id) goes to the inbox. An event comes as one row for each of its shards,
-- or with shard null: then it is split here. Returns how many were new.
CREATE FUNCTION notifier.accept(sources text[], ids text[], shards smallint[], bodies text[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  accepted integer;
BEGIN
  WITH offered AS (
    SELECT DISTINCT ON (o.source, o.event_id, o.shard) o.*
    FROM unnest(sources, ids, shards, bodies) WITH ORDINALITY AS o(source, event_id, shard, body, n)
    ORDER BY o.source, o.event_id, o.shard, o.n
  ), fresh AS (
    -- In order, so that two doors never wait for each other in a circle.
    INSERT INTO notifier.event_key (source, event_id) SELECT DISTINCT source, event_id FROM offered ORDER BY source, event_id
    ON CONFLICT DO NOTHING
    RETURNING source, event_id
  ), whole AS (
    INSERT INTO notifier.inbox (shard, source, event_id, body)
    SELECT shard, source, event_id, body FROM offered JOIN fresh USING (source, event_id) WHERE shard IS NOT NULL ORDER BY n
  ), split AS (
    INSERT INTO notifier.inbox (shard, source, event_id, body)
    SELECT p.shard, source, event_id, p.part::text
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

-- The door beside the database: one CloudEvent, or an array of them. Returns how many were new. What cannot be read becomes a dead letter.
CREATE FUNCTION notifier.publish(event jsonb) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  events jsonb := CASE jsonb_typeof(event) WHEN 'array' THEN event ELSE jsonb_build_array(event) END;
BEGIN
  RETURN notifier.accept(
    array_agg(coalesce(e.value ->> 'source', '') ORDER BY e.ordinality),
    -- Without an id it is its own content: kept once, as a dead letter.
    array_agg(coalesce(e.value ->> 'id', encode(sha256(convert_to(e.value::text, 'UTF8')), 'hex')) ORDER BY e.ordinality),
    array_agg(NULL::smallint),
    array_agg(e.value::text ORDER BY e.ordinality))
  FROM jsonb_array_elements(events) WITH ORDINALITY e;
END $$;

-- Puts a dead letter back on its way; once. What it is about goes through the gate again.
CREATE FUNCTION notifier.replay(letter bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  l notifier.dead_letter;
  about jsonb;
BEGIN
  UPDATE notifier.dead_letter SET replayed_at = notifier.now() WHERE id = letter AND replayed_at IS NULL RETURNING * INTO l;
  IF l.id IS NULL THEN
    RETURN;
  END IF;
  IF l.kind = 'event' THEN
    -- Past the keys: it was accepted once. Text that is no JSON goes to a shard as it is, and comes back as what it was.
    BEGIN
      INSERT INTO notifier.inbox (shard, source, event_id, body)
      SELECT p.shard, coalesce(l.source, ''), l.event_id, p.part::text FROM notifier.parts(l.body::jsonb) p;
    EXCEPTION WHEN data_exception THEN
      INSERT INTO notifier.inbox (shard, source, event_id, body) VALUES (0, coalesce(l.source, ''), l.event_id, l.body);
    END;
  ELSE
    about := l.body::jsonb;
    -- The rows belong to the shard's owner: wait until nobody is at it.
    PERFORM pg_advisory_xact_lock(1313821769, notifier.shard_of(l.site, about ->> 'Recipient'));
    UPDATE notifier.escalation_message m
    SET push_verdict = CASE WHEN l.kind = 'push' THEN NULL ELSE m.push_verdict END, push_reason = CASE WHEN l.kind = 'push' THEN NULL ELSE m.push_reason END,
        email_verdict = CASE WHEN l.kind = 'email' THEN NULL ELSE m.email_verdict END, email_reason = CASE WHEN l.kind = 'email' THEN NULL ELSE m.email_reason END
    WHERE m.site = l.site AND m.recipient = about ->> 'Recipient'
      AND m.conversation IN (SELECT about ->> 'Conversation' UNION SELECT jsonb_array_elements_text(coalesce(about -> 'Conversations', '[]')))
      AND ((l.kind = 'email' AND m.email_verdict = 5) OR (l.kind = 'push' AND m.push_verdict = 1));
    INSERT INTO notifier.inbox (shard, body) VALUES (
      notifier.shard_of(l.site, about ->> 'Recipient'),
      jsonb_build_object('RecipientChanged', jsonb_build_object('Site', l.site, 'Recipient', about ->> 'Recipient', 'At', notifier.now()))::text);
  END IF;
  NOTIFY notifier_inbox;
END $$;

-- A relay's role may publish, and nothing else. Roles belong to the whole server, so it may be there already, or not be ours to make.
DO $$ BEGIN
  CREATE ROLE notifier_relay NOLOGIN;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN NULL;
  WHEN insufficient_privilege THEN RAISE WARNING 'the role notifier_relay was not made: this user may not create roles';
END $$;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA notifier FROM PUBLIC;
DO $$ BEGIN
  GRANT USAGE ON SCHEMA notifier TO notifier_relay;
  GRANT EXECUTE ON FUNCTION notifier.publish(jsonb) TO notifier_relay;
EXCEPTION WHEN undefined_object THEN NULL;
END $$;
