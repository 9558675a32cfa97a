-- What emails of a site look like to people whose own language nobody knows, and how much they say.
ALTER TABLE notifier.site
  ADD COLUMN locale        text,       -- a BCP 47 tag; null: Email__Locale
  ADD COLUMN email_content smallint CHECK (email_content BETWEEN 0 AND 2); -- 0 full, 1 sender only, 2 count only; null: Email__Content
