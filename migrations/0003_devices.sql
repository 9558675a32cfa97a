-- What a push message to a browser must be signed with, and which of the relay's devices the browser is.

ALTER TABLE notifier.push_subscription
  ADD vapid_key text, -- the public key that the subscription was made with; null: registered before this was kept
  ADD device    text; -- the relay's name for this browser; null: not known

-- The device on which the newest of it was read: its notifications are its own business.
ALTER TABLE notifier.seen_mark ADD device text;
