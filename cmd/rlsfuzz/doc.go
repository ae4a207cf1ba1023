// Command rlsfuzz finds tenant leaks in a Postgres schema that relies on row-level
// security.
//
//	rlsfuzz demo                 the helpdesk example, leaky and fixed: what a leak looks like
//	rlsfuzz init SOURCE…         draft a contract from SQL files or a database
//	rlsfuzz paths [CONTRACT]     inventory: every way into tenant data, and what is covered
//	rlsfuzz check [CONTRACT]     for CI: saved cases, the matrix, random sequences
//	rlsfuzz fuzz [CONTRACT]      for hours: keeps going after a finding
//	rlsfuzz replay CASE…         reproduce a finding or a leak report
//	rlsfuzz mutate [CONTRACT]    weaken the schema: which mutants does the contract catch?
//	rlsfuzz report [DIR]         what the last check found, in other forms
//	rlsfuzz clean DSN            remove what a killed run left on a server
//
// Exit status: 0 nothing found; 1 a finding, however the run ended; 2 wrong usage or
// contract, or a case that cannot run; 3 the environment failed; 4 nothing found, but
// something that the contract names was not tested; 130 interrupted with nothing found.
package main
