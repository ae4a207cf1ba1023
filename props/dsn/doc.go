// Package dsn tells connection strings from other texts, and what may be shown of one. Its errors
// never repeat a text: what is mistyped may hold a password in any place.
package dsn
