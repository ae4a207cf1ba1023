-- interference: the summary is rebuilt with the rights of its owner, who sees every account's rows
ALTER FUNCTION rebuild_summary() SECURITY DEFINER;
