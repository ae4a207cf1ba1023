// Package reduce makes a failing scenario the least one of its cell: it drops steps
// and rows, simplifies statements and values, and names tenants and keys anew in the
// order in which they appear, as long as the same divergence stays. It works on
// scenario values, whatever they came from: rapid, the matrix, a person.
package reduce
