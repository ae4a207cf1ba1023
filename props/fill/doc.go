// Package fill fits a plan of rows to what a server accepts.
//
// [Fit] lets the plan ask in one transaction of a template that is rolled back. Rows are
// tried under the replica role, as datasets are loaded: no trigger and no foreign key
// has a say, unless a trigger is ENABLE ALWAYS. What is learnt depends on the schema and
// the server alone. Rows that a trigger would have made, such as a profile for each user,
// are made by the plan itself.
package fill
