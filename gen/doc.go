// Package gen makes what is tried: datasets whose tenants are easy to confuse,
// statements with parameters, sequences of them, and the matrix that is walked in
// a fixed order.
//
// A [Plan] is made once for a contract. From it, [Plan.Dataset] and
// [Plan.Sequence] draw on rapid's bits; [Plan.Matrix] lists cells without any
// randomness. Simplest choices come first, so that shrinking leads to them.
package gen
