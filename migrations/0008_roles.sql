-- Who may do what, by role; a login gets one of them: CREATE ROLE … LOGIN IN ROLE notifier_worker. What is made later is nobody's but the owner's until
-- its migration says otherwise. docs/security.md says it in words, RoleTests tries all of it.
--
--   the owner         migrates; owns everything
--   notifier_worker   what a worker does: rows, never tables
--   relay_node        a relay: its own schema, and the notifier's door (0002)
--   notifier_relay    another program beside the database: the door only (0001)
--   notifier_reader   why, counts and states; no text, no address, no key

-- Roles belong to the whole server: they may be there already. (0001 and 0002 went on without theirs; here every right is given once more.)
DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['notifier_worker', 'relay_node', 'notifier_relay', 'notifier_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration, this very moment
        WHEN insufficient_privilege THEN
          RAISE insufficient_privilege USING MESSAGE = format(
            'the role %1$s is missing, and %2$s may not make it. Let it (ALTER ROLE %2$s CREATEROLE), or make it (CREATE ROLE %1$s NOLOGIN), then migrate again', wanted, current_user);
      END;
    END IF;
  END LOOP;
END $$;

-- ---------------------------------------------------------------- notifier_worker

GRANT USAGE ON SCHEMA notifier, relay TO notifier_worker;
-- Partitions are reached through their table: nobody has rights on one of them.
DO $$
DECLARE
  one regclass;
BEGIN
  FOR one IN SELECT oid FROM pg_class WHERE relnamespace = 'notifier'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO notifier_worker', one);
  END LOOP;
END $$;
REVOKE INSERT, UPDATE, DELETE ON notifier.migration FROM notifier_worker;  -- it only asks whether the schema is today's
REVOKE INSERT, UPDATE, DELETE ON notifier.site FROM notifier_worker;       -- operators' commands run as the owner
REVOKE UPDATE, DELETE ON notifier.event_key FROM notifier_worker;          -- what was accepted once stays so
REVOKE UPDATE ON notifier.decision FROM notifier_worker;                   -- the trace is written, erased, never rewritten
GRANT USAGE ON ALL SEQUENCES IN SCHEMA notifier TO notifier_worker;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA notifier TO notifier_worker;
-- It makes and drops partitions: with its owner's rights, and nothing that a caller could steer.
ALTER FUNCTION notifier.tidy() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
GRANT EXECUTE ON FUNCTION relay.sweep(integer), relay.tidy() TO notifier_worker;

-- Hangfire makes its tables after this, in the same migration command: its rights are waiting for them.
CREATE SCHEMA IF NOT EXISTS hangfire;
GRANT USAGE ON SCHEMA hangfire TO notifier_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA hangfire GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO notifier_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA hangfire GRANT USAGE ON SEQUENCES TO notifier_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hangfire TO notifier_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA hangfire TO notifier_worker;

-- ---------------------------------------------------------------- relay_node, notifier_relay

GRANT USAGE ON SCHEMA notifier TO notifier_relay, relay_node;
GRANT EXECUTE ON FUNCTION notifier.publish(jsonb) TO notifier_relay, relay_node;
GRANT USAGE ON SCHEMA relay TO relay_node;
GRANT EXECUTE ON FUNCTION
  relay.accept(text, text[], text[], text[], text[]), relay.ring(text), relay.renew(text, integer),
  relay.decide(text, bigint[], integer[], boolean[], text[], text[], text[], timestamptz[]) TO relay_node;
GRANT SELECT ON relay.accepted, relay.outcome, relay.node TO relay_node;
GRANT SELECT, INSERT, DELETE ON relay.connected, relay.signal TO relay_node;

-- ---------------------------------------------------------------- notifier_reader

-- Column by column, so that a column of later is closed until somebody opens it.
GRANT USAGE ON SCHEMA notifier, relay TO notifier_reader;
GRANT EXECUTE ON FUNCTION notifier.now(), notifier.shard_of(text, text) TO notifier_reader;
GRANT SELECT (id, at, site, recipient, conversation, message, escalation, channel, verdict, reason, until, basis) ON notifier.decision TO notifier_reader;
GRANT SELECT (id, site, recipient, conversation, shard, opened_at, closed_at, push_at, email_at, email_attempt, email_level, last_email_at, emails) ON notifier.escalation TO notifier_reader;
GRANT SELECT (site, recipient, message, conversation, seq, outcome, presence, active_here, mentioned, reported_at, received_at, last_activity,
              push_verdict, push_reason, email_verdict, email_reason) ON notifier.escalation_message TO notifier_reader;
GRANT SELECT (site, id, conversation, seq, kind, sender_id, urgent, sent_at, expires_at, edited_at, deleted_at, created_at) ON notifier.message TO notifier_reader;
GRANT SELECT (site, recipient, conversation, seq, seen_at, active_at) ON notifier.seen_mark TO notifier_reader;
GRANT SELECT (site, recipient, node, state, conversation, at, received_at, last_active_at) ON notifier.presence TO notifier_reader;
GRANT SELECT (site, node, lease_until) ON notifier.relay_node TO notifier_reader;
GRANT SELECT (id, message_id, site, recipient, conversations, newest, state, attempts, resent, next_at, lease_until, created_at, finished_at) ON notifier.email_attempt TO notifier_reader;
GRANT SELECT (id, site, recipient, conversation, origin, dismiss, up_to, message, attempts, created_at, next_at, expires_at, lease_until) ON notifier.push_outbox TO notifier_reader;
GRANT SELECT (id, site, recipient, origin, registered_at, last_used_at, errors, held_until) ON notifier.push_subscription TO notifier_reader;
GRANT SELECT (site, origin, held_until, window_from, answers, unauthorized, open_until) ON notifier.push_origin TO notifier_reader;
GRANT SELECT (id, shard, received_at) ON notifier.inbox TO notifier_reader;
GRANT SELECT (id, site, kind, reason, created_at, replayed_at) ON notifier.dead_letter TO notifier_reader;
GRANT SELECT (site, reason, created_at) ON notifier.suppression TO notifier_reader;
GRANT SELECT (at, site, status, verdict) ON notifier.bounce TO notifier_reader;
GRANT SELECT (id, enabled, name, created_at) ON notifier.site TO notifier_reader;
GRANT SELECT (id, site, unsubscribed_at, updated_at) ON notifier.recipient TO notifier_reader;
GRANT SELECT (at, set_at) ON notifier.email_alarm TO notifier_reader;
GRANT SELECT (scriptname, applied) ON notifier.migration TO notifier_reader;
GRANT SELECT (id, site, message, node, accepted_at, swept) ON relay.accepted TO notifier_reader;
GRANT SELECT (accepted, recipient, delivered) ON relay.outcome TO notifier_reader;
GRANT SELECT (node, lease_until) ON relay.node TO notifier_reader;

-- ---------------------------------------------------------------- erasing

-- The person is out of what the relay keeps for minutes. Their place in a message stays, taken by nobody, since outcomes are told by place; it counts as
-- delivered, so that neither a relay nor the sweep tells the notifier of it. A message to nobody else goes, and so do signals, which are worth nothing a moment later.
CREATE FUNCTION relay.erase(of_site text, person text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM relay.connected WHERE site = of_site AND recipient = person;
  DELETE FROM relay.signal WHERE site = of_site AND (person = ANY (recipients) OR strpos(frame, to_json(person)::text) > 0);
  INSERT INTO relay.outcome (accepted, recipient, delivered)
  SELECT a.id, array_position(a.recipients, person), true FROM relay.accepted a WHERE a.site = of_site AND person = ANY (a.recipients) ORDER BY 1
  ON CONFLICT (accepted, recipient) DO UPDATE SET delivered = true;
  UPDATE relay.accepted SET
    recipients = array_replace(recipients, person, '(erased)'),
    body = CASE WHEN body #>> '{sender,id}' = person THEN jsonb_set(body, '{sender}', '{"id": "(erased)", "name": "Someone"}') ELSE body END
  WHERE site = of_site AND (person = ANY (recipients) OR body #>> '{sender,id}' = person);
  DELETE FROM relay.accepted WHERE site = of_site AND recipients <@ ARRAY['(erased)'];
$$;
REVOKE ALL ON FUNCTION relay.erase(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION relay.erase(text, text) TO notifier_worker;

-- Whose trace it is: erasing a person must not read everybody's.
CREATE INDEX decision_recipient ON notifier.decision (recipient, site);
