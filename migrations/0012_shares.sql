-- Fair shares: whose an event is, so that a site with a storm of them waits behind itself, and nobody else does.

ALTER TABLE notifier.inbox ADD COLUMN site text COLLATE "C" NOT NULL DEFAULT '';  -- empty: nobody's, since it cannot be read; or of a worker of before
CREATE INDEX inbox_site ON notifier.inbox (shard, site, id);
DROP INDEX notifier.inbox_shard;

-- As before, and says of each event whose it is. Without sites (a worker of before) that is left open.
DROP FUNCTION notifier.accept(text[], text[], smallint[], text[]);
CREATE FUNCTION notifier.accept(sources text[], ids text[], shards smallint[], bodies text[], sites text[] DEFAULT NULL) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  accepted integer;
BEGIN
  WITH offered AS (
    SELECT DISTINCT ON (o.source, o.event_id, o.shard) o.*
    FROM unnest(sources, ids, shards, bodies, sites) WITH ORDINALITY AS o(source, event_id, shard, body, site, n)
    ORDER BY o.source, o.event_id, o.shard, o.n
  ), fresh AS (
    -- In order, so that two doors never wait for each other in a circle.
    INSERT INTO notifier.event_key (source, event_id) SELECT DISTINCT source, event_id FROM offered ORDER BY source, event_id
    ON CONFLICT DO NOTHING
    RETURNING source, event_id
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
REVOKE ALL ON FUNCTION notifier.accept(text[], text[], smallint[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notifier.accept(text[], text[], smallint[], text[], text[]) TO notifier_worker;

CREATE OR REPLACE FUNCTION notifier.replay(letter bigint) RETURNS void LANGUAGE plpgsql AS $$
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
      INSERT INTO notifier.inbox (shard, site, source, event_id, body)
      SELECT p.shard, coalesce(p.part #>> '{data,site}', ''), coalesce(l.source, ''), l.event_id, p.part::text FROM notifier.parts(l.body::jsonb) p;
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
    INSERT INTO notifier.inbox (shard, site, body) VALUES (
      notifier.shard_of(l.site, about ->> 'Recipient'), l.site,
      jsonb_build_object('RecipientChanged', jsonb_build_object('Site', l.site, 'Recipient', about ->> 'Recipient', 'At', notifier.now()))::text);
  END IF;
  NOTIFY notifier_inbox;
END $$;

-- Emails are claimed by turns of the sites.
CREATE INDEX email_attempt_site ON notifier.email_attempt (site, next_at) WHERE state IN ('pending', 'retry', 'sending', 'data');
