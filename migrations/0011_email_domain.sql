-- Whose mail it is, for limits per receiving domain: of the address when the email was decided, in lower case; null: there was none, and no limit holds.
ALTER TABLE notifier.email_attempt ADD COLUMN domain text;
