// Package require gives tests what they need from the machine: a shared PostgreSQL server, and one way to say that
// something is missing. Outside CI a test that lacks something is skipped and named at the end of the
// run; in CI (RLSFUZZ_CI=1) it fails, since a skipped test proves nothing.
package require
