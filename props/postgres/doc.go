// Package postgres finds, fetches, starts, supervises and stops the PostgreSQL servers
// (15 to 18) that everything else runs on.
//
// Start takes the value of --postgres and gives a running Server. There are three kinds:
//
//   - A private server: a cluster of our own, made from the server binaries of this machine or
//     from ones that npm fetched. Its data folder is copied from a cached template, in memory where
//     there is room, it listens on one unix socket that nobody else may open, and every
//     role may log in. Being durable is no aim: it is as lean and as quick as a server can be.
//   - A container, through a Docker engine. The sub-package container does that; a program
//     that wants it imports that package, because it is large.
//   - A given server, named by a connection string. It is somebody else's: only databases and roles that
//     this process made are ever changed or dropped, each bears a comment that says whose it is, and
//     Clean finds what a killed run left there.
//
// However the process ends, no private server outlives it for longer than a moment: a small
// shell process holds the other end of a pipe and stops the server once the pipe closes. What even
// that could not remove is removed by the next Start.
//
// A Server hands out configurations of connections (Config), connections (Connect) and
// databases (CreateDatabase). Passwords never appear in an error, a log line or a description.
//
// Tests take their server from the sub-package require.
package postgres
