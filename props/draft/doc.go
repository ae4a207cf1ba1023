// Package draft makes the first version of a contract out of a schema.
//
// Intent is derived from structure: foreign keys, keys, NOT NULL, columns, privileges.
// Policies and functions are read for two things alone: what the session brings, a
// setting, a claim, the role's name, and which columns hold the same kind of value. What
// an expression takes its value from is asked of Postgres, which evaluates it with one
// setting given at a time. Who may see what is never copied from a policy; where one
// says something other than the draft, a comment says so, since that is often the bug.
//
// [Look] reads what the catalog package does not, [Make] drafts, [Draft.YAML] prints.
// What cannot be told is a question in a comment next to a best guess, and rules are
// upper bounds. Names of tables and columns decide nothing.
package draft
