-- What a site has of its own, by the names that the settings have; anything not here comes from the settings.
ALTER TABLE notifier.site
  ADD COLUMN settings jsonb NOT NULL DEFAULT '{}',  -- {"Escalation__EmailDelay": "00:20:00"}
  ADD COLUMN secrets  jsonb NOT NULL DEFAULT '{}';  -- the same, each value encrypted with Sites__EncryptionKey

-- The API keys of a site, several at a time while one takes another's place. Only their hashes: a key is shown once, when it is made.
CREATE TABLE notifier.site_key (
  hash       bytea PRIMARY KEY,  -- SHA-256
  site       text NOT NULL REFERENCES notifier.site ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT notifier.now()
);
CREATE INDEX site_key_site ON notifier.site_key (site, created_at);

-- Running workers hear of a change at once, whoever makes it.
CREATE FUNCTION notifier.ring_site() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('notifier_site', '');
  RETURN NULL;
END $$;
CREATE TRIGGER site_changed AFTER INSERT OR UPDATE OR DELETE ON notifier.site FOR EACH STATEMENT EXECUTE FUNCTION notifier.ring_site();
CREATE TRIGGER site_key_changed AFTER INSERT OR UPDATE OR DELETE ON notifier.site_key FOR EACH STATEMENT EXECUTE FUNCTION notifier.ring_site();

-- The operators' pages read dead letters newest first, all or those of one reason; and suppressed addresses.
DROP INDEX notifier.dead_letter_open;
CREATE INDEX dead_letter_open ON notifier.dead_letter (id) WHERE replayed_at IS NULL;
CREATE INDEX suppression_newest ON notifier.suppression (created_at, site, address);
CREATE INDEX dead_letter_reason ON notifier.dead_letter (reason, id) WHERE replayed_at IS NULL;

-- Of which trace a message is (W3C Trace Context): push messages and emails that tell of it belong there too, hours later.
ALTER TABLE notifier.message ADD COLUMN traceparent text;

-- A worker reads whose key it is; the commands that change sites run as the owner.
GRANT SELECT ON notifier.site_key TO notifier_worker;
REVOKE ALL ON FUNCTION notifier.ring_site() FROM PUBLIC;
