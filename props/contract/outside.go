package contract

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// beyond is what functions of Postgres do to the whole server, or to its files: no scratch database
// holds that in, and a rollback does not undo it (manual: System Administration Functions, Large
// Objects, adminpack).
var beyond = map[string]string{
	"pg_terminate_backend": "ends other sessions of the server", "pg_cancel_backend": "ends statements of other sessions",
	"pg_reload_conf": "changes the server", "pg_rotate_logfile": "changes the server", "pg_promote": "changes the server",
	"pg_switch_wal": "changes the server", "pg_backup_start": "changes the server", "pg_start_backup": "changes the server",
	"pg_create_logical_replication_slot": "changes the server", "pg_create_physical_replication_slot": "changes the server",
	"pg_drop_replication_slot": "changes the server",
	"lo_export":                "writes a file of the server", "pg_file_write": "writes a file of the server",
	"pg_file_rename": "changes a file of the server", "pg_file_unlink": "removes a file of the server",
}

// toFile finds COPY into a file of the server, and program COPY with a program that it starts, also in text
// that a routine runs.
var (
	toFile  = regexp.MustCompile(`(?is)\bcopy\b[^;]*\bto\s+([eu]?'|%)`)
	program = regexp.MustCompile(`(?is)\bcopy\b[^;]*\b(to|from)\s+program\b`)
)

// outside marks the paths that come to such a function, or to such a COPY: they are not called.
func (r *resolver) outside() {
	texts := map[string]string{}
	for _, v := range r.schema.Views {
		texts[v.Name] += v.Definition + "\n"
	}
	for _, m := range slices.Concat(r.schema.Routines, r.schema.Helpers) {
		texts[m.Name] += m.Source + "\n"
	}
	r.leaving(texts, "COPY … TO a file", "writes a file of the server", toFile.MatchString)
	r.leaving(texts, "COPY … PROGRAM", "starts a program of the server", program.MatchString)
	if r.schema.Guest { // elsewhere run.Committer drops them
		r.leaving(texts, "CREATE, ALTER or DROP ROLE", "changes roles of the whole server", model.ChangesRoles)
	}
	var all strings.Builder // most schemas name none of the functions
	for _, text := range texts {
		all.WriteString(strings.ToLower(text))
	}
	for _, p := range r.contract.Paths {
		all.WriteString(strings.ToLower(strings.Join(p.Run, "\n")))
	}
	for _, function := range slices.Sorted(maps.Keys(beyond)) {
		if strings.Contains(all.String(), function) {
			r.leaving(texts, function, beyond[function], func(text string) bool { return sql.Mentions(text, function) })
		}
	}
}

// leaving marks the paths that come to a text that does something beyond the database.
func (r *resolver) leaving(texts map[string]string, what, does string, here func(text string) bool) {
	marked := map[string]bool{}
	for name, text := range texts {
		if here(text) {
			marked[name] = true
		}
	}
	spread(texts, marked)
	for _, p := range r.contract.Paths {
		if text := entry(p); p.Untried == "" && p.Program == nil && (here(text) || reaches(text, texts, marked)) {
			p.Untried = "it comes to " + what + ", which " + does + ": not called, since that would reach beyond the scratch database"
		}
	}
}

// entry is what a path runs, as text.
func entry(p *model.Path) string {
	switch {
	case p.View != nil:
		return p.View.SQL()
	case p.Routine != nil:
		return model.Quote(p.Routine.Name)
	}
	return strings.Join(p.Run, "\n")
}
