// Package props checks that a schema keeps its tenants apart.
//
// [Open] loads a schema and its contract into a template database. [Run] searches:
// saved cases first, then the matrix of session, table and command in a fixed order,
// then random sequences. What diverges is shrunk to its least case, confirmed by a
// referee on real logins, and explained by experiment: by the one object that carries
// it, and a statement that mends it. [Check] does the same in a Go test.
package props
