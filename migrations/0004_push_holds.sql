-- A push service that asks for less (429) mostly means one device. Its Retry-After is kept with the device; only where several devices of one push
-- service are asked for less at once is the push service itself left alone.
ALTER TABLE notifier.push_subscription ADD COLUMN held_until timestamptz;
CREATE INDEX push_subscription_held ON notifier.push_subscription (site, origin, held_until) WHERE held_until IS NOT NULL;

-- Claims go by push service and site, so that one that hangs, or is held, is stepped over in one probe and takes no room of the others.
CREATE INDEX push_outbox_origin ON notifier.push_outbox (site, origin, next_at);
DROP INDEX notifier.push_outbox_due;
