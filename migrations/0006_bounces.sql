-- An email of which nobody can tell whether the mail server kept it, parked until an admin decides (Email__OnUnknown=Park).
ALTER TABLE notifier.email_attempt DROP CONSTRAINT email_attempt_state_check,
  ADD CONSTRAINT email_attempt_state_check CHECK (state IN ('pending', 'sending', 'data', 'sent', 'retry', 'failed', 'unknown', 'withdrawn', 'parked'));
CREATE INDEX email_attempt_parked ON notifier.email_attempt (next_at) WHERE state = 'parked';

-- What was reported of our mail: bounces (RFC 3464) and complaints (RFC 5965), each report once.
CREATE TABLE notifier.bounce (
  report  bytea NOT NULL,            -- SHA-256 of the report and what it says whom of
  at      timestamptz NOT NULL DEFAULT notifier.now(),
  site    text NOT NULL,
  address text NOT NULL,             -- lower case
  status  text NOT NULL,             -- the enhanced status code (RFC 3463), or complaint
  verdict text NOT NULL,             -- suppress, score, ignore, unsubscribe
  PRIMARY KEY (report)
);
CREATE INDEX bounce_address ON notifier.bounce (site, address, at) WHERE verdict = 'score';
CREATE INDEX bounce_age ON notifier.bounce (at);

-- Whose address it is: a suppressed one may be several people's.
CREATE INDEX recipient_address ON notifier.recipient (site, lower(email)) WHERE email IS NOT NULL;
