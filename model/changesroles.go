package model

import "regexp"

var changesRoles = regexp.MustCompile(`(?i)\b(create|alter|drop)\s+(role|user|group)\b`)

// ChangesRoles reports whether a text, also one that it runs, may make, alter or drop roles. They
// belong to the whole server, and not to a database (manual: Database Roles).
func ChangesRoles(text string) bool { return changesRoles.MatchString(text) }
