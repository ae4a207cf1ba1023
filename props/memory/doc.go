// Package memory keeps what runs found out about contracts for the runs after them: one value a
// contract in a [File] of the folder that the runs write to. Contracts that share a folder do
// not disturb each other.
package memory
