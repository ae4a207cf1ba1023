// Package program runs a program of the application in a folder of its own, with a time
// limit and a limit of what it may write, and reads what it leaves: stdout, stderr and
// files, as text, CSV or JSON, out of gzip and zip too. Its whole process group ends with it.
package program
