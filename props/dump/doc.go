// Package dump copies the schema of a running database, which it never writes to.
//
// pg_dump reads the schema, in a read-only transaction as always; one query reads the
// roles that the schema mentions, with what they are members of and who is a member of
// them, their attributes and settings. No password is copied, none stands on a command
// line, and none gets into a message.
package dump
