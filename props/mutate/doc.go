// Package mutate weakens a schema, and how an application uses it, in every known way, one
// or two at a time, and asks whether the contract would have caught it: mutation testing of
// a contract.
//
// [Mutants] lists the weakenings of a target's schema. [Run] plants each in a copy of
// the loaded schema and searches it: a mutant is killed when the search reports a
// finding, equivalent when a named rule says that it changes nothing that a session can
// reach, and survives otherwise. The share of killed ones among those that are not
// equivalent is the score. [Kills] measures the program itself: each mutant from many seeds.
package mutate
