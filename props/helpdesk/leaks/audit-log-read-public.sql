-- read: the read policy of the audit log is TO PUBLIC, and billing holds a privilege on the table
ALTER POLICY audit_log_read ON audit_log TO PUBLIC;
