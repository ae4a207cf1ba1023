// Package model says what should be visible and changeable, and why.
//
// A [Schema] is what the catalog of a database says. A [Contract] is what its
// owners mean: how rows belong to tenants, which sessions connect, what each
// of them may see and change. A [State] holds the rows of one moment; it is a
// value that steps copy. Given a contract and a state, the model answers which
// rows an [Identity] sees, which a statement may change, and which rule decided.
//
// The package is pure: no database and no randomness. The clock is read only where
// a rule compares a column with now(). The package assumes what the contract says
// and nothing of the policies that are meant to enforce it.
package model
