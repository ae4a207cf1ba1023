// Package report writes the outcome of a run: for the terminal and as JSON.
package report
