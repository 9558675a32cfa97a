-- The button that releases an address names its row: what is in a path is in the logs of whatever stands in front.
ALTER TABLE notifier.suppression ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
DROP INDEX notifier.suppression_newest;
