// Package catalog reads what a live Postgres, 15 to 18, says about a schema.
//
// [Read] fills a [model.Schema] in one read-only snapshot: one query a subject
// and none a table, whatever the session's own search_path and formats. Nothing
// in the result depends on OIDs or on the physical order of rows, so that two
// databases made from the same files read alike; [Fingerprint] hashes that
// meaning, for seeds and memo keys.
//
// [CopySettings] gives a database made with CREATE DATABASE … TEMPLATE what
// Postgres leaves behind: its settings, owner, privileges and comment.
package catalog
