// Package finding is what a finding is on disk.
//
// A [Finding] is a folder of three files: the [Case], which replay runs and a person
// may edit; repro.sql, which plain psql runs on an empty database and which says
// what leaks there; and a page to read. [Save] writes the folder whole or not at all.
//
// A case can also be written by hand, for a leak report: it names tenants and users
// by their keys, gives the columns that matter and plain SQL.
//
//	contract: rlsfuzz.yaml
//	rows:
//	  accounts:
//	    - {id: 1}
//	    - {id: 2}
//	  tickets:
//	    - {id: 10, account_id: 2, subject: secret}
//	steps:
//	  - session: support
//	    tenant: 1
//	    sql: SELECT subject FROM tickets
//	    expect: {count: 0}
//
// [ParseCase] reports mistakes with line, column and excerpt; [Case.Scenario] says
// with a [*Stale] that the schema or the contract no longer has what the case names.
package finding
