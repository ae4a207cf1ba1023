// Package run runs scenarios on a real Postgres.
//
// Every run takes place in a scratch database made from the template of a schema. A
// [Worker] runs scenarios rolled back: everything in one transaction, in one
// flush of prepared statements, first optimistically, with the model's predictions
// compared as the answers come in, and carefully on any surprise: each statement
// alone, everything read again after it. A [Committer] runs scenarios with real
// logins, pooled connections and commits.
//
// Nothing here judges: a careful or committed run ends in a [model.Trace].
package run
