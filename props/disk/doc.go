// Package disk keeps files whole: what is replaced is there as it was or as it is now,
// whatever ends the process or the machine in between, and a lock is gone with its holder.
package disk
