// Package inventory lists every way into tenant data: tables, views, functions, the
// contract's paths, roles, and statements that an application was seen to run.
//
// [Read] takes from the catalog what it knows of every relation and routine, of whom may
// use it, and of what it touches. [New] joins that with a contract, with the [Coverage]
// that the last check left, and with [Statement]s from pg_stat_statements or a log. What
// the catalog cannot tell, such as the tables of SQL that a function builds, is said.
package inventory
