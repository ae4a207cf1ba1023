// Package judge compares what happened with what the contract allows.
//
// [Judge] takes a careful trace and returns every [Divergence] in it, each with one
// [Class]: the first that holds in the order open, residue, move, write, read,
// interference, canary, audit, lockout, existence. It is pure; a lockout is only a
// suspicion until the same scenario without row security has none.
package judge
