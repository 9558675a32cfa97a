-- Crowded conversations: what is urgent in one, or names a person, may be due before its first message, and is found without reading the others. Few messages are either.

CREATE INDEX message_pressing ON notifier.message (site, conversation, seq) WHERE urgent OR kind = 1;
CREATE INDEX escalation_message_mentioned ON notifier.escalation_message (site, recipient, conversation, seq) WHERE mentioned;
