package script

import (
	"path/filepath"
	"regexp"
)

// goose, dbmate and sql-migrate keep both directions of a migration in one
// file, under comments of their own.
var (
	upPart   = regexp.MustCompile(`(?im)^--[ \t]*(\+goose[ \t]+up|migrate:up|\+migrate[ \t]+up)\b`)
	downPart = regexp.MustCompile(`(?i)^--[ \t]*(\+goose[ \t]+down|migrate:down|\+migrate[ \t]+down)\b`)
)

func hasUpPart(text string) bool { return upPart.MatchString(text) }

// comment skips a migration's "down" part, if that is what the comment begins.
func (r *reader) comment(t token) error {
	if !r.migration || !downPart.MatchString(r.text[t.start:t.stop]) {
		return nil
	}
	line, _ := r.position(t.start)
	if err := r.finish(t.start); err != nil {
		return err
	}
	r.note("%s:%d: the down part is skipped: it undoes the migration", filepath.ToSlash(r.source.file), line)
	r.at = len(r.text)
	if next := upPart.FindStringIndex(r.text[t.stop:]); next != nil {
		r.at = t.stop + next[0]
	}
	return nil
}
