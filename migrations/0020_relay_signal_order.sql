-- A signal's id rises when it is written, and not as it is committed: who went by it missed what was committed late. A node now reads what is visible and was not when it read last.
ALTER TABLE relay.signal ADD COLUMN written_by xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX signal_written_by ON relay.signal (written_by);
