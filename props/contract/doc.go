// Package contract reads rlsfuzz.yaml, which says what isolation means in one
// Postgres schema, and resolves it against the schema's catalog.
//
// Load and Parse check everything that needs no database: YAML, keys, kinds of
// values, the grammar of rules and queries, names that the file itself defines.
// Resolve looks up tables, columns and roles, infers how the tables belong to
// tenants that are not named, and compiles each rule twice: to a closure for
// the model, where Go can evaluate it, and to SQL with parameters for Postgres.
//
// Every mistake is an Error with file, line, column, the line itself and what
// was expected; all that are found are reported together, as Errors.
//
// JSONSchema describes the same format to editors. Both follow the tables of
// keys in format.go.
package contract
