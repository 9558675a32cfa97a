-- The ids of accept rows are places in one log of all nodes: a client that comes from another node, or from before a restart, is resumed by them.

-- Where a node begins: every row up to this id is committed, or never will be.
CREATE FUNCTION relay.top() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('relay.accept', 0)); -- no group is under way
  RETURN (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM relay.accepted_id_seq);
END $$;

REVOKE ALL ON FUNCTION relay.top() FROM PUBLIC;
DO $$ BEGIN
  GRANT EXECUTE ON FUNCTION relay.top() TO relay_node;
EXCEPTION WHEN undefined_object THEN NULL;
END $$;
