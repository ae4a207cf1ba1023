// Package script reads SQL files as psql, pg_dump and migration folders write
// them, and runs them statement by statement.
//
// Expand turns the contract's patterns into files, Parse splits a file as psql
// would (quotes, dollar quotes, comments, parentheses, BEGIN ATOMIC, variables,
// backslash commands, COPY data), and Run executes the statements in a scratch
// database of ours. Preset is the surroundings that some files expect: the
// roles, schemas and functions of Supabase or PostgREST.
//
// What a file says about databases is meant for the scratch database: CREATE
// DATABASE is skipped, ALTER DATABASE and its kin are rewritten. Each such
// liberty leaves a note. Every mistake is an *Error with file, line and column.
package script
