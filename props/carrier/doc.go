// Package carrier knows the objects of a schema that can carry a leak.
//
// An [Object] is one of them: a policy, a role's attribute, a grant, a view. It has a
// name, the SQL that makes it what it is, and the place in the schema's files that says
// so last. [Object.Remedies] lists statements that might mend it, the least intrusive
// first; where the contract's rules know the predicate that a policy should have, they
// say it in SQL. Nothing here is tried: that is for experiments.
package carrier
