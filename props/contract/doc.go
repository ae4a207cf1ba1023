// Package contract reads rlsfuzz.yaml, which says what isolation means in one
// Postgres schema, and resolves it against the schema's catalog.
//
// Load and Parse check everything that needs no database: YAML, keys, kinds of
// values, the grammar of rules and queries, names that the file itself defines.
// Resolve looks up tables, columns and roles, infers how the tables belong to
// tenants that are not named, and gives each rule twice: as a program for the
// model, where Go can evaluate it, and as SQL with parameters for Postgres.
// Every mistake is an [Error] with its place, the line and what was expected;
// all that are found come together, as [Errors]. JSONSchema describes the same
// format to editors; both follow the tables of keys in format.go.
//
// What the format leaves open is decided so:
//
//   - tenant: takes a list of columns and foreign keys too, and COLUMN -> TABLE
//     needs no constraint. Tables are inferred from, in order: their parent, if
//     they are partitions or children; foreign keys to the tenants' key and
//     columns named like tenant columns elsewhere, together with NOT NULL foreign
//     keys to tables of one tenant a row; other foreign keys. A table that
//     comes from nowhere is a mistake.
//   - sees: and writes: take one rule for every table, or rules by table. An
//     entry for a table replaces that of "*" whole: a command that it does not
//     write is none. Without entry and "*", own holds as an upper bound for
//     reading; for writing only where the session has no writes: at all, else
//     none does. A partition follows its parent's entry. {may: rule} is an
//     upper bound in writes, too.
//   - update: all means to: all; else to: defaults to own.
//   - Beside own, all and none, the word shared is a row that is everybody's. A
//     column of such a name wins inside a condition, not where the word is all.
//   - own over a table with a shared row is true for every session, also for one
//     without a tenant; for it, nothing else is own.
//   - $other and $other.column are another tenant than the session's: what a claim says that
//     its user may write.
//   - Settings, env, command and output replace $tenant, $tenant.column, $user and
//     $user.column wherever they stand; $$ is a dollar sign. A claim is one
//     variable or a constant. In output an unknown column is a file's ending.
//   - args: takes $tenant and $user.column too, and constants: numbers, texts
//     without a dot or in single quotes. Without args, $1 is the tenant.
package contract
