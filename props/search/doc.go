// Package search runs properties on rapid's engine, inside and outside go test.
//
// rapid keeps its settings in process-wide flags. [Check] sets them for one run
// under a lock that it gives up as soon as the run has read them, so that several
// workers can run with seeds of their own.
package search
