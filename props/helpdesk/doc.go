// Package helpdesk is the example that the command carries: a support desk that many companies share,
// with a schema that keeps them apart, the contract that says so, and a folder of leaks, each a small
// SQL file that weakens one thing of the schema.
//
// The contract and the schema agree exactly. A leak's first line, `-- class: what is wrong`, says which
// class of divergence is the first to hold when the leak is applied after the schema; rlsfuzz itself
// never reads it.
package helpdesk
