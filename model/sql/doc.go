// Package sql is the expression language of contract rules and operation
// predicates: the part of Postgres' SQL that the model understands.
//
// An expression is parsed (ParseExpr, with Postgres' own grammar), bound to
// names (Names, Inspect), printed again as SQL (Print) and, where its meaning
// does not depend on the server, compiled to closures (Compile) that follow
// SQL's three-valued logic to the letter.
//
// Go decides equality for integers, booleans, uuids, enums and text under a
// deterministic collation, and order for integers. Everything else that
// Postgres accepts stays in the tree as Opaque: it prints as SQL, and
// compiling it says NotInGo, so that the caller asks the server instead. A
// mistake (an unknown column, a literal that the type does not take) is an
// Error with its byte offset in the source.
//
// Rules bring variables: $tenant, $user, $user.col, and $1 in predicates and
// paths; and atoms such as own, all and none, whose meaning the Scope gives.
//
// The package has no database and no randomness, and reads the clock in one place:
// clock.go, for comparisons with now() and current_date. The grammar comes from
// oliphant: parser.go alone calls its parser, and the converter makes expressions of
// its nodes.
package sql
