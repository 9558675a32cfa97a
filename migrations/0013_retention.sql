-- Making and dropping the trace's partitions locks the whole trace: that is done by itself, in a moment, and not before a long deletion in one transaction.

CREATE OR REPLACE FUNCTION notifier.tidy() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  day date := notifier.now()::date;
  part record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('notifier.tidy', 0));
  -- Who waits for the whole trace holds up everybody who comes after: not for long, and again in an hour.
  PERFORM set_config('lock_timeout', '2s', true);
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
  -- Of days that had no partition in time: here, since a new one has to wait for whoever writes among these.
  DELETE FROM notifier.decision_default WHERE at < notifier.now() - interval '30 days';
END $$;

-- Lets go of what is old elsewhere: dead letters after 30 days, content once nobody has it unseen, closed escalations after 30 days, event keys after 14. It may take its time: it
-- locks nothing but the rows that go.
CREATE FUNCTION notifier.tidy_rows() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('notifier.tidy_rows', 0)) THEN
    RETURN; -- another worker is at it
  END IF;
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
  DELETE FROM notifier.bounce WHERE at < notifier.now() - interval '30 days';
END $$;
REVOKE ALL ON FUNCTION notifier.tidy_rows() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notifier.tidy_rows() TO notifier_worker;
